//! Checks of a sample of a request: strict, as `validate` and the strict decoder are.

use crate::load::json::{Member, Value};
use crate::load::problem::Problems;
use crate::load::spot::Spot;
use crate::model::{Field, Format, Limits, Operation, Place, Require, Struct, Ty, Type};
use crate::words::{hint, list};

use super::value::{complaint, items_complaint};

/// Checks the sample of a request.
pub(super) fn check(operation: &Operation, sample: Spot<'_>, problems: &mut Problems) {
    let types = &operation.types;
    Walk { types, problems }.structure(sample, &operation.input);
}

struct Walk<'a, 'p> {
    types: &'a [Type],
    problems: &'p mut Problems,
}

impl Walk<'_, '_> {
    fn complain(&mut self, spot: Spot<'_>, message: impl Into<String>) {
        self.problems.push(spot.problem(message));
    }

    fn structure(&mut self, spot: Spot<'_>, of: &Struct) {
        let Value::Object(members) = &spot.node.value else {
            let kind = spot.node.value.kind();
            return self.complain(spot, format!("this is {kind}, but an object is described"));
        };
        for member in members {
            match of.fields.iter().find(|field| field.wire == member.key) {
                Some(field) => {
                    self.value(spot.with(&member.node), field, &field.ty, &field.limits);
                }
                None => {
                    let known = of.fields.iter().map(|field| field.wire.as_str());
                    let hint = hint(&member.key, known);
                    let message = format!("{:?} is not described{hint}", member.key);
                    self.problems.push(spot.problem_with_key(member, message));
                }
            }
        }
        let is_missing = |field: &&Field| members.iter().all(|member| member.key != field.wire);
        for field in of.required().filter(is_missing) {
            self.complain(spot, format!("{:?} is required and missing", field.wire));
        }
        for require in &of.require {
            self.condition(spot, members, of, require);
        }
    }

    fn condition(&mut self, spot: Spot<'_>, members: &[Member], of: &Struct, require: &Require) {
        let (fields, least, most) = match require {
            Require::AnyOf(fields) => (fields, "at least one of", usize::MAX),
            Require::OneOf(fields) => (fields, "exactly one of", 1),
            Require::Together(fields) => (fields, "all or none of", usize::MAX),
            Require::Fits {
                list,
                size,
                default,
            } => return self.fits(spot, of, [*list, *size], *default),
        };
        let names = fields.iter().filter_map(|index| of.fields.get(*index));
        let names: Vec<&str> = names.map(|field| field.wire.as_str()).collect();
        let given = names.iter();
        let given = given.filter(|name| members.iter().any(|member| member.key == **name));
        let holds = match (require, given.count()) {
            (Require::Together(_), count) => count == 0 || count == names.len(),
            (_, count) => (1..=most).contains(&count),
        };
        if !holds {
            self.complain(spot, format!("{least} {} must be given", list(&names)));
        }
    }

    fn fits(&mut self, spot: Spot<'_>, of: &Struct, fields: [usize; 2], default: u64) {
        let [list, size] = fields.map(|index| {
            let field = of.fields.get(index)?;
            Some(&spot.node.value.member(&field.wire)?.value)
        });
        let size = match size {
            Some(Value::Number(digits)) => digits.parse().unwrap_or(default),
            _ => default,
        };
        if let Some(Value::List(items)) = list
            && items.len() as u64 > size
        {
            let count = items.len();
            self.complain(
                spot,
                format!("{count} items, but an answer has at most {size}"),
            );
        }
    }

    fn value(&mut self, spot: Spot<'_>, field: &Field, ty: &Ty, limits: &Limits) {
        match (ty, &spot.node.value) {
            (_, Value::Null) => self.complain(spot, "a request omits a field instead of null"),
            (Ty::String, Value::Text(text))
                if limits.format == Some(Format::Md5) && *text != text.to_lowercase() =>
            {
                self.complain(spot, "a hash is sent in lower case");
            }
            (_, Value::Text(text))
                if field.place == Some(Place::Header)
                    && (text.trim() != text || text.contains(char::is_control)) =>
            {
                self.complain(
                    spot,
                    "a header has no line ends, and no blanks at either end",
                );
            }
            (_, Value::Text(text))
                if field.place == Some(Place::Path) && matches!(text.as_str(), "." | "..") =>
            {
                self.complain(spot, "this segment would lead to another path");
            }
            (Ty::Decimal, Value::Text(_)) => {
                let message =
                    "an amount is sent as a number; if the service expects a text, use `string`";
                self.complain(spot, message);
            }
            (Ty::List(item), Value::List(nodes)) => {
                if let Some(message) = items_complaint(limits, nodes.len() as u64) {
                    self.complain(spot, message);
                }
                for node in nodes {
                    self.value(spot.with(node), field, item, &field.each);
                }
            }
            (Ty::Map(item), Value::Object(members)) => {
                for member in members {
                    self.value(spot.with(&member.node), field, item, &Limits::default());
                }
            }
            (Ty::Struct(name), _) => {
                if let Some(part) = Type::find(self.types, name) {
                    self.structure(spot, part);
                }
            }
            (ty, value) => {
                let values = Type::wire_values(self.types, ty);
                if let Some(message) = complaint(ty, limits, &values, value) {
                    self.complain(spot, message);
                }
            }
        }
    }
}
