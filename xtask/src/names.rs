//! Rust names from wire names.

/// `QueryCustomersCredit` and `query-customers credit` are `query_customers_credit`.
pub fn snake(wire: &str) -> String {
    let mut snake = String::new();
    let chars: Vec<char> = wire.chars().collect();
    for (index, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !snake.is_empty() && !snake.ends_with('_') {
                snake.push('_');
            }
            continue;
        }
        let before = index.checked_sub(1).and_then(|i| chars.get(i)).copied();
        let after = chars.get(index + 1).copied();
        let starts_word = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_ascii_uppercase() && after.is_some_and(|a| a.is_ascii_lowercase()))
            });
        if starts_word {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake.trim_end_matches('_').to_owned()
}

/// `freeze_all` and `FREEZE-ALL` are `FreezeAll`; `TrusteeshipCancel` stays.
pub fn pascal(wire: &str) -> String {
    snake(wire).split('_').map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
        .unwrap_or_default()
}

/// The name of the struct field for a wire name; a keyword gets a `_` at the end, a digit an `n` before it.
pub fn field(wire: &str) -> String {
    let name = snake(wire);
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("n{name}");
    }
    if is_keyword(&name) {
        return format!("{name}_");
    }
    name
}

/// Whether a text can be the name of a field, a function or a module.
pub fn is_snake(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.contains("__")
        && !name.ends_with('_')
        && !is_keyword(name)
}

/// Whether a text can be the name of a type or a variant.
pub fn is_pascal(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && name != "Self"
}

/// Keywords of the 2024 edition, strict and reserved.
pub fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
        "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
        "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
        "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try",
        "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
    ];
    // The list is sorted.
    KEYWORDS.binary_search(&name).is_ok()
}

/// The serde rule that gives most of the wire names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Wire names are the field names.
    Same,
    /// `rename_all = "PascalCase"`
    Pascal,
    /// `rename_all = "camelCase"`
    Camel,
}

impl Case {
    /// The rule that most pairs of field and wire name follow; the simplest if there are several.
    pub fn of_most<'a>(names: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Self {
        let mut best = (0, Self::Same);
        for case in [Self::Same, Self::Pascal, Self::Camel] {
            let hits = names
                .clone()
                .filter(|(rust, wire)| case.apply(rust) == *wire)
                .count();
            if hits > best.0 {
                best = (hits, case);
            }
        }
        best.1
    }

    /// The wire name that serde derives from a field name.
    pub fn apply(self, rust: &str) -> String {
        let pascal: String = rust.split('_').map(capital).collect();
        match self {
            Self::Same => rust.to_owned(),
            Self::Pascal => pascal,
            Self::Camel => {
                let mut chars = pascal.chars();
                chars
                    .next()
                    .map(|first| first.to_ascii_lowercase().to_string() + chars.as_str())
                    .unwrap_or_default()
            }
        }
    }

    /// The value of `rename_all`, if one is needed.
    pub fn rename_all(self) -> Option<&'static str> {
        match self {
            Self::Same => None,
            Self::Pascal => Some("PascalCase"),
            Self::Camel => Some("camelCase"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_become_snake_case() {
        for (wire, expected) in [
            ("QueryCustomersCredit", "query_customers_credit"),
            ("ClientUin", "client_uin"),
            ("mobile_md5", "mobile_md5"),
            ("IOS2", "ios2"),
            ("APIKey", "api_key"),
            ("QuerySubAgentsDetailV2", "query_sub_agents_detail_v2"),
            ("T1Indirect", "t1_indirect"),
            ("X-Language", "x_language"),
            ("camelCaseName", "camel_case_name"),
            ("Tag.1.Key", "tag_1_key"),
            ("_odd__name_", "odd_name"),
        ] {
            assert_eq!(snake(wire), expected, "{wire}");
        }
    }

    #[test]
    fn values_become_pascal_case() {
        for (wire, expected) in [
            ("FREEZE", "Freeze"),
            ("TrusteeshipCancel", "TrusteeshipCancel"),
            ("UNDETERMINED_YET", "UndeterminedYet"),
            ("zh-cn", "ZhCn"),
            ("1", "1"),
        ] {
            assert_eq!(pascal(wire), expected, "{wire}");
        }
    }

    #[test]
    fn name_that_rust_refuses_is_changed() {
        assert_eq!(field("Type"), "type_");
        assert_eq!(field("self"), "self_");
        assert_eq!(field("3days_count"), "n3days_count");
    }

    #[test]
    fn keywords_are_found_by_binary_search() {
        assert!(
            is_keyword("type") && is_keyword("gen") && is_keyword("Self") && is_keyword("yield")
        );
        assert!(!is_keyword("types"));
    }

    #[test]
    fn case_is_that_of_most_names() {
        let pairs = [
            ("client_uin", "ClientUin"),
            ("name", "Name"),
            ("ios2", "IOS2"),
        ];
        assert_eq!(Case::of_most(pairs.into_iter()), Case::Pascal);
        assert_eq!(Case::of_most([("a_b", "a_b")].into_iter()), Case::Same);
        assert_eq!(Case::of_most([("a_b", "aB")].into_iter()), Case::Camel);
        assert_eq!(Case::Pascal.apply("ios2"), "Ios2");
    }
}
