//! Checks of the sample of a request: strict, as `validate` and the strict decoder are.

use crate::load::json::{Member, Value};
use crate::load::located::Located;
use crate::load::problem::Problems;
use crate::model::{Field, Format, Limits, NamedType, Operation, Place, Require, Struct, Type};
use crate::wording::{and_list, hint};

use super::value::{items_problem, value_problem};

/// Checks the sample of a request.
pub(super) fn check(operation: &Operation, sample: Located<'_>, problems: &mut Problems) {
    let types = &operation.types;
    RequestCheck { types, problems }.object(sample, &operation.input);
}

struct RequestCheck<'a, 'p> {
    types: &'a [NamedType],
    problems: &'p mut Problems,
}

impl RequestCheck<'_, '_> {
    fn report(&mut self, located: Located<'_>, message: impl Into<String>) {
        self.problems.push(located.problem(message));
    }

    fn object(&mut self, located: Located<'_>, structure: &Struct) {
        let Value::Object(members) = &located.node.value else {
            let kind = located.node.value.kind();
            return self.report(
                located,
                format!("this is {kind}, but an object is described"),
            );
        };
        for member in members {
            match structure
                .fields
                .iter()
                .find(|field| field.wire == member.key)
            {
                Some(field) => {
                    self.value(
                        located.in_same_file(&member.node),
                        field,
                        &field.ty,
                        &field.limits,
                    );
                }
                None => {
                    let described = structure.fields.iter().map(|field| field.wire.as_str());
                    let hint = hint(&member.key, described);
                    let message = format!("{:?} is not described{hint}", member.key);
                    self.problems
                        .push(located.problem_with_key(member, message));
                }
            }
        }
        let is_missing = |field: &&Field| members.iter().all(|member| member.key != field.wire);
        for field in structure.required().filter(is_missing) {
            self.report(located, format!("{:?} is required and missing", field.wire));
        }
        for require in &structure.require {
            self.condition(located, members, structure, require);
        }
    }

    fn condition(
        &mut self,
        located: Located<'_>,
        members: &[Member],
        structure: &Struct,
        require: &Require,
    ) {
        let (fields, number) = match require {
            Require::AnyOf(fields) => (fields, "at least one of"),
            Require::OneOf(fields) => (fields, "exactly one of"),
            Require::Together(fields) => (fields, "all or none of"),
            Require::Fits {
                list,
                size,
                default,
            } => return self.fits(located, structure, [*list, *size], *default),
        };
        let names = fields.iter().map(|index| structure.field(*index));
        let names: Vec<&str> = names.map(|field| field.wire.as_str()).collect();
        let given = names.iter();
        let given = given.filter(|name| members.iter().any(|member| member.key == **name));
        let count = given.count();
        let holds = match require {
            Require::AnyOf(_) => count >= 1,
            Require::OneOf(_) => count == 1,
            Require::Together(_) | Require::Fits { .. } => count == 0 || count == names.len(),
        };
        if !holds {
            self.report(
                located,
                format!("{number} {} must be given", and_list(&names)),
            );
        }
    }

    fn fits(&mut self, located: Located<'_>, structure: &Struct, fields: [usize; 2], default: u64) {
        let [list, size] = fields.map(|index| {
            let field = structure.field(index);
            Some(&located.node.value.member(&field.wire)?.value)
        });
        let size = match size {
            Some(Value::Number(digits)) => digits.parse().unwrap_or(default),
            _ => default,
        };
        if let Some(Value::List(items)) = list
            && items.len() as u64 > size
        {
            let count = items.len();
            self.report(
                located,
                format!("{count} items, but a page has at most {size}"),
            );
        }
    }

    fn value(&mut self, located: Located<'_>, field: &Field, ty: &Type, limits: &Limits) {
        match (ty, &located.node.value) {
            (_, Value::Null) => self.report(located, "a request omits a field instead of null"),
            (Type::String, Value::Text(text))
                if limits.format == Some(Format::Md5) && *text != text.to_lowercase() =>
            {
                self.report(located, "a hash is sent in lower case");
            }
            (_, Value::Text(text))
                if field.place == Some(Place::Header)
                    && (text.trim() != text || text.contains(char::is_control)) =>
            {
                self.report(
                    located,
                    "a header has no line ends, and no blanks at either end",
                );
            }
            (_, Value::Text(text))
                if field.place == Some(Place::Path) && matches!(text.as_str(), "." | "..") =>
            {
                self.report(located, "this segment would lead to another path");
            }
            (Type::Decimal, Value::Text(_)) => {
                let message =
                    "an amount is sent as a number; if the service expects a text, use `string`";
                self.report(located, message);
            }
            (Type::List(item), Value::List(nodes)) => {
                if let Some(message) = items_problem(limits, nodes.len() as u64) {
                    self.report(located, message);
                }
                for node in nodes {
                    self.value(located.in_same_file(node), field, item, &field.each);
                }
            }
            (Type::Map(item), Value::Object(members)) => {
                for member in members {
                    self.value(
                        located.in_same_file(&member.node),
                        field,
                        item,
                        &Limits::default(),
                    );
                }
            }
            (Type::Struct(name), _) => {
                if let Some(structure) = NamedType::find(self.types, name) {
                    self.object(located, structure);
                }
            }
            (ty, value) => {
                let values = NamedType::wire_values(self.types, ty);
                if let Some(message) = value_problem(ty, limits, &values, value) {
                    self.report(located, message);
                }
            }
        }
    }
}
