//! Documentation with its provenance.

use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Doc, Provenance};

/// Reads the `doc` of an object, with its provenance.
pub(super) fn doc(object: &Object<'_>, problems: &mut Problems) -> Doc {
    Doc {
        text: object.prose("doc", problems).unwrap_or_default(),
        provenance: provenance(object, problems),
    }
}

/// Reads the provenance of an object.
pub(super) fn provenance(object: &Object<'_>, problems: &mut Problems) -> Provenance {
    Provenance {
        assumed: object.prose("assumed", problems),
        source: object.prose("source", problems),
    }
}
