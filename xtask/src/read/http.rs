//! How calls are sent: the `http` of a provider and of an operation.

use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Http, Lists, Method, Params, Provenance};

use super::doc::provenance;

const PARAMS: [(&str, Params); 3] = [
    ("json", Params::Json),
    ("form", Params::Form),
    ("query", Params::Query),
];

const LISTS: [(&str, Lists); 2] = [("repeated", Lists::Repeated), ("numbered", Lists::Numbered)];

/// Reads the `http` of a provider.
pub(super) fn provider_http(provider: &Object<'_>, problems: &mut Problems) -> Option<Http> {
    let located = provider.get("http")?;
    let object = Object::open(&located, "provider_http", problems)?;
    let lists = object.choice("lists", &LISTS, problems);
    let defaults = Http {
        method: Method::Post,
        path: "/".to_owned(),
        params: Params::Json,
        lists: lists.unwrap_or(Lists::Repeated),
        provenance: Provenance::default(),
    };
    Some(http(&object, &defaults, problems))
}

/// Reads an `http` object; `inherited` has the values of the keys that are absent.
pub(super) fn http(object: &Object<'_>, inherited: &Http, problems: &mut Problems) -> Http {
    let method = object.choice("method", &Method::ALL, problems);
    let path = object.text("path", problems);
    if path.as_deref().is_some_and(|path| !path.starts_with('/')) {
        let message = "a path starts with `/`";
        object.report_if_present("path", message, problems);
    } else if path.as_deref().is_some_and(|path| !is_path(path)) {
        let message = "a path has letters, digits, `{field}` and the signs of a URL path; other \
                       characters are percent-encoded, and a query belongs in `in: query`";
        object.report_if_present("path", message, problems);
    }
    let params = object.choice("params", &PARAMS, problems);
    Http {
        method: method.unwrap_or(inherited.method),
        path: path.unwrap_or_else(|| inherited.path.clone()),
        params: params.unwrap_or(inherited.params),
        lists: inherited.lists,
        provenance: match provenance(object, problems) {
            Provenance {
                assumed: None,
                source: None,
            } => inherited.provenance.clone(),
            own => own,
        },
    }
}

/// Whether a path needs no change to be part of a URL.
fn is_path(path: &str) -> bool {
    let mut fixed = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else {
            return false;
        };
        fixed.push_str(before);
        fixed.push('x');
        rest = after;
    }
    fixed.push_str(rest);
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%/".contains(c);
    fixed.chars().all(is_allowed) && !fixed.split('/').any(|part| matches!(part, "." | ".."))
}
