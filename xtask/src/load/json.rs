//! JSON values as a fixture has them: numbers keep their text, keys keep their order, and each value
//! has its offset in the file.

/// A value and where it starts.
#[derive(Debug, Clone)]
pub struct Node {
    /// Byte offset in the text.
    pub offset: usize,
    /// The value itself.
    pub value: Value,
}

/// A JSON value.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object, in the order of the file.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// The key.
    pub key: String,
    /// Byte offset of the key.
    pub offset: usize,
    /// The value.
    pub node: Node,
}

impl Value {
    /// The kind of value, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The text of a scalar.
    pub fn scalar_text(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()),
            Self::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// The members, if this is an object.
    pub fn members(&self) -> &[Member] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The value without some members.
    pub fn without(&self, skip: &[&str]) -> Self {
        match self {
            Self::Object(members) => {
                let kept = members.iter();
                let kept = kept.filter(|member| !skip.contains(&member.key.as_str()));
                Self::Object(kept.cloned().collect())
            }
            value => value.clone(),
        }
    }

    /// Whether two values are equal, whatever the order of members.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) | (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.value.same(&b.value))
            }
            (Self::Object(a), Self::Object(b)) => {
                let counterpart = |member: &Member| other.member(&member.key);
                a.len() == b.len()
                    && a.iter()
                        .all(|a| counterpart(a).is_some_and(|b| a.node.value.same(&b.value)))
            }
            _ => false,
        }
    }

    /// The value of a key, if this is an object with that key.
    pub fn member(&self, key: &str) -> Option<&Node> {
        let mut members = self.members().iter();
        let member = members.find(|member| member.key == key)?;
        Some(&member.node)
    }
}

impl Member {
    /// A member that is not from a file.
    pub fn new(key: &str, value: Value) -> Self {
        Self {
            key: key.to_owned(),
            offset: 0,
            node: Node::new(value),
        }
    }
}

impl Node {
    /// A value that is not from a file.
    pub fn new(value: Value) -> Self {
        Self { offset: 0, value }
    }

    /// The value at a JSON pointer that leads through objects only, as those of an envelope do.
    pub fn at_pointer(&self, pointer: &str) -> Option<&Node> {
        pointer
            .split('/')
            .skip(1)
            .map(|key| key.replace("~1", "/").replace("~0", "~"))
            .try_fold(self, |node, key| node.value.member(&key))
    }
}
