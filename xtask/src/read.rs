//! Typed access to fixtures: unknown keys, wrong kinds and unfinished texts are refused here, in the
//! same words everywhere.

use crate::diag::{Problems, closest, hint};
use crate::json::{Member, Spot, Value};

/// The keys of every kind of object in a fixture. The JSON Schemas say the same to editors; a test
/// holds the two together.
pub mod keys {
    /// `provider.json`
    pub const PROVIDER: &[&str] = &[
        "$schema", "provider", "marker", "doc", "http", "envelope", "errors", "services",
    ];
    /// `provider.json`, `/http`
    pub const PROVIDER_HTTP: &[&str] = &["method", "path", "params", "lists", "assumed", "source"];
    /// `provider.json`, `/services/*`
    pub const SERVICE: &[&str] = &[
        "doc", "host", "version", "errors", "envelope", "types", "assumed", "source",
    ];
    /// `envelope` of a provider, a service or an operation.
    pub const ENVELOPE: &[&str] = &[
        "payload",
        "success",
        "code",
        "message",
        "request_id",
        "assumed",
        "source",
    ];
    /// `success` of an envelope.
    pub const SUCCESS: &[&str] = &["absent", "at", "equals"];
    /// `errors/*`
    pub const ERROR: &[&str] = &["kind", "doc", "status", "assumed", "source"];
    /// `operation.json`
    pub const OPERATION: &[&str] = &[
        "$schema",
        "operation",
        "doc",
        "access",
        "source",
        "assumed",
        "http",
        "envelope",
        "behavior",
        "rate_limit",
        "pagination",
        "no_record",
        "input",
        "require",
        "output",
        "types",
        "errors",
        "examples",
    ];
    /// `operation.json`, `/source`
    pub const SOURCE: &[&str] = &["title", "publisher", "updated", "url"];
    /// `operation.json`, `/http`
    pub const HTTP: &[&str] = &["method", "path", "params", "assumed", "source"];
    /// `operation.json`, `/behavior`
    pub const BEHAVIOR: &[&str] = &["effect", "idempotent", "metered", "assumed", "source"];
    /// `operation.json`, `/rate_limit`
    pub const RATE_LIMIT: &[&str] = &["requests", "seconds", "assumed", "source"];
    /// `operation.json`, `/pagination`
    pub const PAGINATION: &[&str] = &[
        "style", "cursor", "first", "size", "items", "total", "next", "assumed", "source",
    ];
    /// Fields of the input, the output and of structs.
    pub const FIELD: &[&str] = &[
        "type",
        "doc",
        "required",
        "nullable",
        "default",
        "min",
        "max",
        "min_len",
        "max_len",
        "min_items",
        "max_items",
        "format",
        "each",
        "unit",
        "sensitive",
        "in",
        "wrapper",
        "aliases",
        "rust",
        "deprecated",
        "assumed",
        "source",
    ];
    /// `each` of a field.
    pub const EACH: &[&str] = &["min", "max", "min_len", "max_len", "format"];
    /// `types/*` with fields.
    pub const STRUCT: &[&str] = &["doc", "fields", "require", "assumed", "source"];
    /// `types/*` with values.
    pub const ENUM: &[&str] = &["doc", "type", "values", "assumed", "source"];
    /// `types/*/values/*`
    pub const VALUE: &[&str] = &["name", "doc", "assumed", "source"];
    /// `require/*`
    pub const REQUIRE: &[&str] = &["any_of", "one_of", "together", "fits"];
    /// `examples/*`
    pub const EXAMPLE: &[&str] = &["origin", "doc", "status", "deviations"];
}

/// An object of a fixture whose keys are known.
#[derive(Debug)]
pub struct Object<'a> {
    /// Where it stands.
    pub spot: Spot<'a>,
    members: &'a [Member],
    /// Keys that stand here misspelt; they are not missing as well.
    meant: Vec<String>,
}

impl<'a> Object<'a> {
    /// Opens an object and refuses keys that mean nothing here.
    pub fn open(spot: &Spot<'a>, keys: &[&str], problems: &mut Problems) -> Option<Self> {
        let mut object = Self::open_any(spot, problems)?;
        for member in object.members {
            let key = member.key.as_str();
            if !keys.contains(&key) {
                let known = keys
                    .iter()
                    .copied()
                    .filter(|k| !object.has(k) && *k != "$schema");
                let message = format!("{key:?} means nothing here{}", hint(key, known.clone()));
                problems.push(spot.problem_with_key(member, message));
                object.meant.extend(closest(key, known).map(str::to_owned));
            }
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

    /// Notes a problem with the value of a key, if it is there.
    pub fn complain(&self, key: &str, message: impl Into<String>, problems: &mut Problems) {
        if let Some(spot) = self.get(key) {
            problems.push(spot.problem(message));
        }
    }

    /// The value of a key that must be there.
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
            problems.push(spot.problem(format!("{key:?} is empty; leave it out or fill it")));
            return None;
        }
        // The generator has links of its own of this kind, and knows that they lead somewhere.
        if text.contains("](Self::") || text.contains("](crate::") {
            problems.push(spot.problem("a link leads to an address that starts with https://"));
        }
        if text.contains("TODO") {
            problems.push(spot.problem("this is not finished: it says TODO"));
            return None;
        }
        Some(text.to_owned())
    }

    /// A text that must be there.
    pub fn need_text(&self, key: &str, problems: &mut Problems) -> Option<String> {
        self.need(key, problems)?;
        self.text(key, problems)
    }

    /// Whole sentences for people to read.
    pub fn prose(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let text = self.text(key, problems)?;
        if !text.trim_end().ends_with(['.', '!', '?', ':', '`']) {
            let spot = self.get(key)?;
            problems.push(spot.problem(format!(
                "{key:?} is read by people: write whole sentences, with a full stop at the end"
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

    /// A whole number from 0.
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

    /// What one of a few words stands for.
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
        problems.push(spot.problem(format!("{text:?} is not possible for {key:?}{hint}")));
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

/// A value of the wrong kind.
pub fn wrong(spot: &Spot<'_>, wanted: &str) -> crate::diag::Problem {
    let kind = spot.node.value.kind();
    spot.problem(format!("this is {kind}, and {wanted} is wanted"))
}
