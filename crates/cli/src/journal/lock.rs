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

/// Opens the journal at a path, or creates it, and keeps other reports away. One that was killed a
/// moment ago may not be gone yet, and one that ends removes its file: a lock on a file that the path
/// no longer names keeps nobody away.
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
                if std::fs::metadata(path).is_ok_and(|there| is_same(&own, &there)) {
                    return Ok(file);
                }
            }
            Err(fs4::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(fs4::TryLockError::Error(error)) => return Err(refused("locked", &error)),
        }
    }
    Err(Failure::config("another report is writing the journal"))
}

/// Whether two names are of one file.
#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Whether the name at a path is that of the file itself.
#[cfg(unix)]
pub(super) fn is_removable(own: &Metadata, there: &Metadata) -> bool {
    is_same(own, there)
}

/// Without a number that identifies a file, journals are emptied and never removed, so that a path
/// names one file for all reports.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
pub(super) fn is_removable(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// The name of the standard stream that goes to a file, if one does.
#[cfg(unix)]
pub(super) fn stream_into(there: &Metadata) -> Option<&'static str> {
    use std::os::fd::AsFd;
    let goes_there = |stream: io::Result<std::os::fd::OwnedFd>| {
        let stream = stream.and_then(|stream| File::from(stream).metadata());
        stream.is_ok_and(|stream| is_same(&stream, there))
    };
    if goes_there(io::stdout().as_fd().try_clone_to_owned()) {
        return Some("standard output");
    }
    goes_there(io::stderr().as_fd().try_clone_to_owned()).then_some("standard error")
}

/// The lock on the journal keeps a standard stream from being written to it.
#[cfg(not(unix))]
pub(super) fn stream_into(_: &Metadata) -> Option<&'static str> {
    None
}

/// Lets only the owner read a journal that was there before, with whatever mode.
pub(super) fn narrow(file: &File) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let there = file.metadata().map_err(|error| refused("read", &error))?;
        if there.permissions().mode() & 0o077 != 0 {
            let mode = std::fs::Permissions::from_mode(0o600);
            file.set_permissions(mode)
                .map_err(|error| refused("kept from other users", &error))?;
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
