//! Writes JSON with keys in the order of the providers' pages and with the digits of numbers kept.
//!
//! A value is its JSON text. The map of `serde_json` would sort the keys, and its numbers would
//! turn `12.50` into `12.5`.

/// A string, quoted and escaped.
pub(crate) fn string(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// An object; the values of its members are JSON.
pub(crate) fn object<K: AsRef<str>>(members: impl IntoIterator<Item = (K, String)>) -> String {
    let members: Vec<String> = members
        .into_iter()
        .map(|(key, value)| format!("{}:{value}", string(key.as_ref())))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// An array; its values are JSON.
pub(crate) fn array(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    format!("[{}]", values.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_keeps_the_order_of_keys_and_the_digits_of_numbers() {
        let written = object([
            ("b", string("\"\n")),
            ("a ", array(["12.50".to_owned(), "null".to_owned()])),
        ]);
        assert_eq!(written, r#"{"b":"\"\n","a ":[12.50,null]}"#);
    }
}
