//! Walks over the pages of a list.
//!
//! | file | its one job |
//! |---|---|
//! | `walk` | [`Pages`]: ties the other files together and makes the calls |
//! | `progress` | decides from each page where the walk goes on, ends or fails; no I/O |
//! | `read_ahead` | pages that are requested before they are needed |
//! | `parts` | a long list of ids, sent as several requests |
//! | `cursor` | the text with which a later walk resumes |
//! | `drift` | what changed in the list during the walk |
//! | `cycle` | pages or tokens that repeat without end |
//! | `items`, `stream` | the same walk item by item |

mod cursor;
mod cycle;
mod drift;
mod items;
mod parts;
mod progress;
mod read_ahead;
#[cfg(feature = "stream")]
mod stream;
mod walk;

pub use self::drift::Drift;
pub use self::items::Items;
pub use self::walk::{Page, Pages};
