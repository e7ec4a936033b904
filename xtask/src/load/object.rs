//! Typed access to objects: unknown keys, wrong kinds and unfinished texts are reported here, in the
//! same words everywhere.

use super::json::{Member, Value};
use super::located::Located;
use super::problem::{Problem, Problems};
use super::schema;
use crate::wording::{closest, hint};

/// An object of a fixture.
#[derive(Debug)]
pub struct Object<'a> {
    /// The value and its file.
    pub located: Located<'a>,
    members: &'a [Member],
    /// Keys that misspelt ones probably mean, so that they are not reported as missing as well.
    probably_meant: Vec<String>,
}

impl<'a> Object<'a> {
    /// Opens an object whose keys the schema lists; reports unknown and missing ones.
    pub fn open(located: &Located<'a>, schema: &str, problems: &mut Problems) -> Option<Self> {
        let schema = schema::object_schema(schema);
        let mut object = Self::open_map(located, problems)?;
        for member in object.members {
            let key = member.key.as_str();
            if !schema.keys.iter().any(|described| described == key) {
                let others = schema.keys.iter().map(String::as_str);
                let others = others.filter(|other| !object.has(other) && *other != "$schema");
                let hint = hint(key, others.clone());
                let message = format!("the key {key:?} is not known here{hint}");
                problems.push(located.problem_with_key(member, message));
                object
                    .probably_meant
                    .extend(closest(key, others).map(str::to_owned));
            }
        }
        for key in &schema.required {
            object.require(key, problems);
        }
        Some(object)
    }

    /// Opens an object whose keys are names that the fixture chooses, so that any key is allowed.
    pub fn open_map(located: &Located<'a>, problems: &mut Problems) -> Option<Self> {
        let Value::Object(members) = &located.node.value else {
            problems.push(wrong_kind(located, "an object"));
            return None;
        };
        Some(Self {
            located: *located,
            members,
            probably_meant: Vec::new(),
        })
    }

    /// All members with their values.
    pub fn members(&self) -> impl Iterator<Item = (&'a Member, Located<'a>)> + use<'a> {
        let located = self.located;
        let members: &'a [Member] = self.members;
        members
            .iter()
            .map(move |member| (member, located.in_same_file(&member.node)))
    }

    /// Whether there is such a key.
    pub fn has(&self, key: &str) -> bool {
        self.members.iter().any(|member| member.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Located<'a>> {
        let member = self.members.iter().find(|member| member.key == key)?;
        Some(self.located.in_same_file(&member.node))
    }

    /// Reports a problem with the value of a key; without the key there is none.
    pub fn report_if_present(
        &self,
        key: &str,
        message: impl Into<String>,
        problems: &mut Problems,
    ) {
        if let Some(located) = self.get(key) {
            problems.push(located.problem(message));
        }
    }

    /// The value of a key; reports a problem if it is missing and no misspelt key stands for it. For keys
    /// that the schema cannot require, because others decide whether they are needed.
    pub fn require(&self, key: &str, problems: &mut Problems) -> Option<Located<'a>> {
        let found = self.get(key);
        if found.is_none() && !self.probably_meant.iter().any(|meant| meant == key) {
            let message = format!("{key:?} is missing");
            problems.push(self.located.problem(message));
        }
        found
    }

    /// A text that is not empty.
    pub fn text(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let located = self.get(key)?;
        let Some(text) = located.as_text() else {
            problems.push(wrong_kind(&located, "a text"));
            return None;
        };
        let problem = if text.trim().is_empty() {
            format!("{key:?} is empty; remove it or fill it")
        } else if text.contains("](Self::") || text.contains("](crate::") {
            // The generator links items of Rust: it knows which exist. A fixture does not.
            "a link must have an address that starts with https://".to_owned()
        } else if text.contains("TODO") {
            "this is not finished: it contains TODO".to_owned()
        } else {
            return Some(text.to_owned());
        };
        problems.push(located.problem(problem));
        None
    }

    /// A text in whole sentences.
    pub fn prose(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let text = self.text(key, problems)?;
        // The last sentence may end with a list or with code.
        if !text.trim_end().ends_with(['.', '!', '?', ':', '`']) {
            let located = self.get(key)?;
            problems.push(located.problem(format!(
                "{key:?} is documentation: write whole sentences, with a full stop at the end"
            )));
        }
        Some(text)
    }

    /// A boolean; false if absent.
    pub fn flag(&self, key: &str, problems: &mut Problems) -> bool {
        let Some(located) = self.get(key) else {
            return false;
        };
        match located.node.value {
            Value::Bool(flag) => flag,
            _ => {
                problems.push(wrong_kind(&located, "`true` or `false`"));
                false
            }
        }
    }

    /// A whole number of at least 0.
    pub fn count(&self, key: &str, problems: &mut Problems) -> Option<u64> {
        let located = self.get(key)?;
        let count = match &located.node.value {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        };
        if count.is_none() {
            problems.push(wrong_kind(&located, "a whole number"));
        }
        count
    }

    /// A number, as it is written.
    pub fn number(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let located = self.get(key)?;
        match &located.node.value {
            Value::Number(text) => Some(text.clone()),
            _ => {
                problems.push(wrong_kind(&located, "a number"));
                None
            }
        }
    }

    /// The meaning of one of a few words.
    pub fn choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&'static str, T)],
        problems: &mut Problems,
    ) -> Option<T> {
        let text = self.text(key, problems)?;
        if let Some((_, meaning)) = choices.iter().find(|(choice, _)| *choice == text) {
            return Some(*meaning);
        }
        let located = self.get(key)?;
        let hint = hint(&text, choices.iter().map(|(choice, _)| *choice));
        problems.push(located.problem(format!("{text:?} is not a value of {key:?}{hint}")));
        None
    }

    /// The texts of a list, with their values.
    pub fn texts(&self, key: &str, problems: &mut Problems) -> Vec<(String, Located<'a>)> {
        self.get(key)
            .map(|located| texts(&located, problems))
            .unwrap_or_default()
    }
}

/// The items of a list.
pub fn items<'a>(located: &Located<'a>, problems: &mut Problems) -> Vec<Located<'a>> {
    let Value::List(items) = &located.node.value else {
        problems.push(wrong_kind(located, "a list"));
        return Vec::new();
    };
    items
        .iter()
        .map(|node| located.in_same_file(node))
        .collect()
}

/// The texts of a list, with their values.
pub fn texts<'a>(located: &Located<'a>, problems: &mut Problems) -> Vec<(String, Located<'a>)> {
    let mut texts = Vec::new();
    for item in items(located, problems) {
        match item.as_text() {
            Some(text) => texts.push((text.to_owned(), item)),
            None => problems.push(wrong_kind(&item, "a text")),
        }
    }
    texts
}

/// A problem with a value of the wrong kind.
pub fn wrong_kind(located: &Located<'_>, wanted: &str) -> Problem {
    let kind = located.node.value.kind();
    located.problem(format!("this is {kind}, but {wanted} is expected"))
}
