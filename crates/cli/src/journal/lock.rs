//! The file of a journal: opened, locked, and readable by its owner only.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::failure::Failure;

/// How often the lock is tried, and how far apart.
const PATIENCE: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

pub(super) fn refused(what: &str, error: &io::Error) -> Failure {
    Failure::config(format!("the journal cannot be {what}: {}", error.kind()))
}

/// Opens the journal at a path, or creates it, and locks it against other reports. A report that was
/// just killed may still hold the lock, so this waits. A report that ends removes its file, and a lock
/// on a file that the path no longer names excludes no other report, so the path is checked again.
pub(super) fn locked(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for _ in 0..PATIENCE {
        let file = options
            .open(path)
            .map_err(|error| refused("opened", &error))?;
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => {
                let own = file.metadata().map_err(|error| refused("read", &error))?;
                if std::fs::metadata(path).is_ok_and(|existing| is_same(&own, &existing)) {
                    return Ok(file);
                }
            }
            Err(fs4::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(fs4::TryLockError::Error(error)) => return Err(refused("locked", &error)),
        }
    }
    Err(Failure::config("another report is writing the journal"))
}

/// Whether both are the same file.
#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Whether the path still names the journal itself.
#[cfg(unix)]
pub(super) fn is_removable(own: &Metadata, existing: &Metadata) -> bool {
    is_same(own, existing)
}

/// Without a number that identifies a file, journals are emptied and never removed, so that a path
/// always names the same file.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
pub(super) fn is_removable(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// The standard stream that is redirected to the file, if any.
#[cfg(unix)]
pub(super) fn stream_into(existing: &Metadata) -> Option<&'static str> {
    use std::os::fd::AsFd;
    let goes_existing = |stream: io::Result<std::os::fd::OwnedFd>| {
        let stream = stream.and_then(|stream| File::from(stream).metadata());
        stream.is_ok_and(|stream| is_same(&stream, existing))
    };
    if goes_existing(io::stdout().as_fd().try_clone_to_owned()) {
        return Some("standard output");
    }
    goes_existing(io::stderr().as_fd().try_clone_to_owned()).then_some("standard error")
}

/// The lock on the journal prevents a standard stream from writing to it.
#[cfg(not(unix))]
pub(super) fn stream_into(_: &Metadata) -> Option<&'static str> {
    None
}

/// Restricts an existing journal to its owner.
pub(super) fn narrow(file: &File) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let existing = file.metadata().map_err(|error| refused("read", &error))?;
        if existing.permissions().mode() & 0o077 != 0 {
            let mode = std::fs::Permissions::from_mode(0o600);
            file.set_permissions(mode)
                .map_err(|error| refused("kept from other users", &error))?;
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
