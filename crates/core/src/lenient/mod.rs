//! Reading JSON the way providers really write it, in one pass, without quoting a value.
//!
//! An adapter around serde_json's streaming deserializer bends the JSON towards what the target
//! type asks for: keys with blanks or in another case, numbers as text and text as numbers, one
//! object where a list was promised. Every liberty is recorded. What must not be bent is refused:
//! an array is no object, an empty text is no number, two spellings of one key must agree.
//!
//! serde_json's own messages quote the offending value, so they are never passed on: an error
//! here has a JSON pointer, a place, and a sentence about what was expected.

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
use self::error::told;
pub(crate) use self::fields::Key;
use self::path::Path;
pub(crate) use self::raw::{INVALID, is_deeper, same};

/// What came of a reading.
#[derive(Debug)]
pub(crate) struct Decoded<T> {
    pub(crate) value: T,
    pub(crate) deviations: Vec<Deviation>,
}

/// Reads an answer's payload, with every liberty recorded.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<Decoded<T>, DecodeError> {
    read(text, false)
}

/// Reads parameters that a person wrote: no liberty is taken, an unknown name is refused.
pub(crate) fn decode_strict<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    read(text, true).map(|decoded| decoded.value)
}

fn read<T: DeserializeOwned>(text: &str, strict: bool) -> Result<Decoded<T>, DecodeError> {
    let quick = Context {
        strict,
        ..Context::default()
    };
    match quick.read(text) {
        // Two spellings of one key can only be compared with both values at hand. That costs a
        // second scan of every object, so it is done only for the rare text that needs it.
        Err(_) if quick.key_twice.get() => Context {
            strict,
            compares: true,
            ..Context::default()
        }
        .read(text),
        outcome => outcome,
    }
}

impl Context {
    fn read<T: DeserializeOwned>(&self, text: &str) -> Result<Decoded<T>, DecodeError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let top = Reader {
            inner: &mut json,
            path: Path::Root,
            context: self,
        };
        let outcome = T::deserialize(top).and_then(|value| json.end().map(|()| value));
        match outcome {
            Ok(value) => Ok(Decoded {
                value,
                deviations: self.deviations.take(),
            }),
            Err(error) => {
                let (pointer, noted) = self.failure.take().unwrap_or_default();
                let problem = if noted.is_empty() {
                    told(&error)
                } else {
                    noted
                };
                Err(DecodeError {
                    pointer,
                    problem,
                    line: error.line(),
                    column: error.column(),
                    cut: error.classify() == Category::Eof,
                })
            }
        }
    }
}
