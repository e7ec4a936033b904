//! Checks of samples and single values against the description. The checks mirror how
//! `standing_core` validates requests and decodes responses, so that a mistake is reported with its
//! position before anything is generated. The generated tests fail where core decides otherwise.

mod deviations;
mod lenient;
mod request;
mod response;
pub mod samples;
pub mod value;
