//! Checks of samples and single values against the description. The checks mirror how
//! `standing_core` validates requests and decodes answers, so that a mistake is reported with its
//! place before anything is generated; the generated tests hold the two together.

mod deviations;
mod lenient;
mod request;
mod response;
pub mod samples;
pub mod value;
