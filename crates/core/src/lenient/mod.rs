//! A forgiving JSON reader: one pass, every deviation recorded, no value quoted.
//!
//! An adapter around serde_json's streaming deserializer adapts the JSON to what the target type asks
//! for: keys with surrounding blanks or in another case, numbers as text and text as numbers, one object
//! in place of a list. It records each such deviation. It refuses what has no certain meaning: an array
//! in place of an object, an empty text in place of a number, one key with two values.
//!
//! # How errors travel
//!
//! serde_json's messages quote the offending value, so they must not reach a user. A failure therefore
//! takes two ways:
//!
//! - The error value that serde passes on is `custom("")`. It carries no text; serde_json adds line and
//!   column to it.
//! - The JSON pointer and the problem go to [`Context`], which all adapters of one reading share. It
//!   keeps the **first** failure only: the innermost adapter fails first, and each adapter around it
//!   reports the same error again with a shorter pointer (`note(path, "")`).
//!
//! An empty problem means that the failing code was not ours: serde's derived code, serde_json, or a
//! `Deserialize` of this crate that cannot see the context. Only then [`safe_message`] looks at serde's
//! text. It matches serde's "missing field" (which names a field of the model, not a value), and two
//! messages of this crate, whose constants it shares with `amount` and `model`. It replaces every other
//! text.
//!
//! # Files
//!
//! `reader` and `visitor` are the adapter, `access` its lists and objects. The three create each other
//! without end, so the structs of the first two stand in `adapter`.

mod access;
mod adapter;
mod context;
mod deviation;
mod error;
mod fields;
mod path;
mod raw;
mod reader;
mod spelling;
#[cfg(test)]
mod tests;
mod visitor;

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use self::adapter::Reader;
use self::context::Context;
pub use self::deviation::{Deviation, DeviationKind};
pub(crate) use self::error::DecodeError;
use self::error::safe_message;
pub(crate) use self::fields::Key;
use self::path::Path;
pub(crate) use self::raw::{INVALID, is_deeper, same};
pub use self::spelling::nearest;

/// A value, and the deviations that reading it took.
#[derive(Debug)]
pub(crate) struct Decoded<T> {
    pub(crate) value: T,
    pub(crate) deviations: Vec<Deviation>,
}

/// Reads the payload of a response and records every deviation.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<Decoded<T>, DecodeError> {
    read(text, false)
}

/// Reads parameters that a person wrote. Refuses deviations and unknown names.
pub(crate) fn decode_strict<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    read(text, true).map(|decoded| decoded.value)
}

fn read<T: DeserializeOwned>(text: &str, strict: bool) -> Result<Decoded<T>, DecodeError> {
    let streaming = Context::new(strict, false);
    match streaming.read(text) {
        // To compare the values of a repeated key, both must be at hand. That costs a second scan of
        // every object, so only a text with a repeated key is read again in this way.
        Err(_) if streaming.repeated_key.get() => Context::new(strict, true).read(text),
        outcome => outcome,
    }
}

impl Context {
    fn read<T: DeserializeOwned>(&self, text: &str) -> Result<Decoded<T>, DecodeError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let root = Reader {
            inner: &mut json,
            path: Path::Root,
            context: self,
        };
        let outcome = T::deserialize(root).and_then(|value| json.end().map(|()| value));
        let error = match outcome {
            Ok(value) => {
                return Ok(Decoded {
                    value,
                    deviations: self.deviations.take(),
                });
            }
            Err(error) => error,
        };
        // Without a noted failure, the payload as a whole is not JSON.
        let (pointer, problem) = self.failure.take().unwrap_or_default();
        Err(DecodeError {
            pointer,
            problem: if problem.is_empty() {
                safe_message(&error)
            } else {
                problem
            },
            line: error.line(),
            column: error.column(),
            cut: error.classify() == Category::Eof,
        })
    }
}
