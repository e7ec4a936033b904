use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::bench::{Ran, standing};

/// `standing sandbox`, ended when dropped.
struct Served {
    child: Child,
    first_line: String,
}

impl Served {
    fn new(arguments: &[&str]) -> Self {
        let mut child = standing(&["sandbox"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first_line = String::new();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut first_line).unwrap();
        Self { child, first_line }
    }

    fn desks(&self) -> Value {
        serde_json::from_str(&self.first_line).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn sandbox_prints_endpoints_and_keys_first() {
    let served = Served::new(&["--customers", "3"]);
    let desks = served.desks();
    for (provider, keys) in [
        ("tencent", &["endpoint", "secret_id", "secret_key"][..]),
        ("huawei", &["endpoint", "ak", "sk", "x_auth_token"]),
        (
            "alibaba",
            &["access_key_id", "access_key_secret", "endpoint"],
        ),
        ("accuauth", &["api_id", "api_secret", "endpoint"]),
    ] {
        let desk = desks[provider].as_object().unwrap();
        let mut named: Vec<_> = desk.keys().map(String::as_str).collect();
        named.sort_unstable();
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        assert_eq!(named, keys);
        let endpoint = desk["endpoint"].as_str().unwrap();
        assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
    }
    let text = |key: &str| desks["tencent"][key].as_str().unwrap();
    let mut command = standing(&["call", "tencent", "QueryCustomersCredit"]);
    command
        .args(["--endpoint", text("endpoint")])
        .env("TENCENTCLOUD_SECRET_ID", text("secret_id"))
        .env("TENCENTCLOUD_SECRET_KEY", text("secret_key"));
    assert_eq!(Ran::of(&mut command).json()["Total"], 3);
}

#[test]
fn sandbox_has_fixed_keys_and_varying_ports() {
    let (one, two) = (Served::new(&[]), Served::new(&["--seed", "9"]));
    let (mut one, mut two) = (one.desks(), two.desks());
    for provider in ["tencent", "huawei", "alibaba", "accuauth"] {
        let a = one[provider]["endpoint"].take();
        let b = two[provider]["endpoint"].take();
        assert_ne!(a, b);
    }
    assert_eq!(one, two);
}
