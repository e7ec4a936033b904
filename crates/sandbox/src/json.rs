//! Writing JSON with the keys in the order of the providers' pages, and with numbers digit for digit.
//!
//! A value is its JSON text. serde_json's own map would sort the keys, and its numbers would turn `12.50` into `12.5`.

/// Text, quoted and escaped.
pub(crate) fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// An object of members whose values are JSON already.
pub(crate) fn object<K: AsRef<str>>(members: impl IntoIterator<Item = (K, String)>) -> String {
    let members: Vec<String> = members
        .into_iter()
        .map(|(key, value)| format!("{}:{value}", text(key.as_ref())))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// An array of values that are JSON already.
pub(crate) fn array(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    format!("[{}]", values.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_digits() {
        let written = object([
            ("b", text("\"\n")),
            ("a ", array(["12.50".to_owned(), "null".to_owned()])),
        ]);
        assert_eq!(written, r#"{"b":"\"\n","a ":[12.50,null]}"#);
    }
}
