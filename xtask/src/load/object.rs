//! Typed access to objects: unknown keys, wrong kinds and unfinished texts are reported here, in the
//! same words everywhere.

use super::json::{Member, Value};
use super::problem::{Problem, Problems};
use super::schema;
use super::spot::Spot;
use crate::words::{closest, hint};

/// An object of a fixture.
#[derive(Debug)]
pub struct Object<'a> {
    /// Its place.
    pub spot: Spot<'a>,
    members: &'a [Member],
    /// Keys that are misspelt here, so they are not missing as well.
    meant: Vec<String>,
}

impl<'a> Object<'a> {
    /// Opens an object of a kind of the schema; reports unknown and missing keys.
    pub fn open(spot: &Spot<'a>, kind: &str, problems: &mut Problems) -> Option<Self> {
        let kind = schema::kind(kind);
        let mut object = Self::open_any(spot, problems)?;
        for member in object.members {
            let key = member.key.as_str();
            if !kind.keys.iter().any(|known| known == key) {
                let known = kind.keys.iter().map(String::as_str);
                let known = known.filter(|known| !object.has(known) && *known != "$schema");
                let hint = hint(key, known.clone());
                let message = format!("the key {key:?} is not known here{hint}");
                problems.push(spot.problem_with_key(member, message));
                object.meant.extend(closest(key, known).map(str::to_owned));
            }
        }
        for key in &kind.required {
            object.need(key, problems);
        }
        Some(object)
    }

    /// Opens an object whose keys are names.
    pub fn open_any(spot: &Spot<'a>, problems: &mut Problems) -> Option<Self> {
        let Value::Object(members) = &spot.node.value else {
            problems.push(wrong(spot, "an object"));
            return None;
        };
        Some(Self {
            spot: *spot,
            members,
            meant: Vec::new(),
        })
    }

    /// All members with their spots.
    pub fn members(&self) -> impl Iterator<Item = (&'a Member, Spot<'a>)> + use<'a> {
        let spot = self.spot;
        let members: &'a [Member] = self.members;
        members
            .iter()
            .map(move |member| (member, spot.with(&member.node)))
    }

    /// Whether there is such a key.
    pub fn has(&self, key: &str) -> bool {
        self.members.iter().any(|member| member.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Spot<'a>> {
        let member = self.members.iter().find(|member| member.key == key)?;
        Some(self.spot.with(&member.node))
    }

    /// Adds a problem with the value of a key, if it is there.
    pub fn complain(&self, key: &str, message: impl Into<String>, problems: &mut Problems) {
        if let Some(spot) = self.get(key) {
            problems.push(spot.problem(message));
        }
    }

    /// The value of a key that must be there in this case.
    pub fn need(&self, key: &str, problems: &mut Problems) -> Option<Spot<'a>> {
        let found = self.get(key);
        if found.is_none() && !self.meant.iter().any(|meant| meant == key) {
            let message = format!("{key:?} is missing");
            problems.push(self.spot.problem(message));
        }
        found
    }

    /// A text that is not empty.
    pub fn text(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let spot = self.get(key)?;
        let Some(text) = spot.as_text() else {
            problems.push(wrong(&spot, "a text"));
            return None;
        };
        if text.trim().is_empty() {
            problems.push(spot.problem(format!("{key:?} is empty; remove it or fill it")));
            return None;
        }
        // The generator itself writes links of this kind, to items that exist.
        if text.contains("](Self::") || text.contains("](crate::") {
            problems.push(spot.problem("a link must have an address that starts with https://"));
        }
        if text.contains("TODO") {
            problems.push(spot.problem("this is not finished: it contains TODO"));
            return None;
        }
        Some(text.to_owned())
    }

    /// A text in whole sentences.
    pub fn prose(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let text = self.text(key, problems)?;
        if !text.trim_end().ends_with(['.', '!', '?', ':', '`']) {
            let spot = self.get(key)?;
            problems.push(spot.problem(format!(
                "{key:?} is documentation: write whole sentences, with a full stop at the end"
            )));
        }
        Some(text)
    }

    /// A boolean; false if absent.
    pub fn flag(&self, key: &str, problems: &mut Problems) -> bool {
        let Some(spot) = self.get(key) else {
            return false;
        };
        match spot.node.value {
            Value::Bool(flag) => flag,
            _ => {
                problems.push(wrong(&spot, "`true` or `false`"));
                false
            }
        }
    }

    /// A whole number of at least 0.
    pub fn count(&self, key: &str, problems: &mut Problems) -> Option<u64> {
        let spot = self.get(key)?;
        let count = match &spot.node.value {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        };
        if count.is_none() {
            problems.push(wrong(&spot, "a whole number"));
        }
        count
    }

    /// A number, as it is written.
    pub fn number(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let spot = self.get(key)?;
        match &spot.node.value {
            Value::Number(text) => Some(text.clone()),
            _ => {
                problems.push(wrong(&spot, "a number"));
                None
            }
        }
    }

    /// The meaning of one of a few words.
    pub fn choice<T: Copy>(
        &self,
        key: &str,
        words: &[(&'static str, T)],
        problems: &mut Problems,
    ) -> Option<T> {
        let text = self.text(key, problems)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meaning);
        }
        let spot = self.get(key)?;
        let hint = hint(&text, words.iter().map(|(word, _)| *word));
        problems.push(spot.problem(format!("{text:?} is not a value of {key:?}{hint}")));
        None
    }

    /// A list of texts with their spots.
    pub fn texts(&self, key: &str, problems: &mut Problems) -> Vec<(String, Spot<'a>)> {
        self.get(key)
            .map(|spot| texts(&spot, problems))
            .unwrap_or_default()
    }
}

/// The items of a list with their spots.
pub fn items<'a>(spot: &Spot<'a>, problems: &mut Problems) -> Vec<Spot<'a>> {
    let Value::List(items) = &spot.node.value else {
        problems.push(wrong(spot, "a list"));
        return Vec::new();
    };
    items.iter().map(|node| spot.with(node)).collect()
}

/// The texts of a list with their spots.
pub fn texts<'a>(spot: &Spot<'a>, problems: &mut Problems) -> Vec<(String, Spot<'a>)> {
    let mut texts = Vec::new();
    for item in items(spot, problems) {
        match item.as_text() {
            Some(text) => texts.push((text.to_owned(), item)),
            None => problems.push(wrong(&item, "a text")),
        }
    }
    texts
}

/// A problem with a value of the wrong kind.
pub fn wrong(spot: &Spot<'_>, wanted: &str) -> Problem {
    let kind = spot.node.value.kind();
    spot.problem(format!("this is {kind}, but {wanted} is expected"))
}
