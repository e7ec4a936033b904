//! What generated models are made of, besides plain serde.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// A text outside an enumeration's documented values; it can only come from text, so that it never
/// stands for a documented one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    /// The text as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[doc(hidden)]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number outside an enumeration's documented values; it can only come from a number, so that it
/// never stands for a documented one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnknownNumber(i64);

impl UnknownNumber {
    /// The number as it came.
    pub const fn get(self) -> i64 {
        self.0
    }

    #[doc(hidden)]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Debug for UnknownNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Declares an enumeration of a provider: documented values by name, any other value kept as it is.
/// The values are texts, or numbers if the name is followed by `: i64`.
///
/// ```
/// standing_core::open_enum! {
///     /// State of a business.
///     pub enum State {
///         /// Frozen.
///         Freeze = "FREEZE",
///         /// Not frozen.
///         Thaw = "THAW",
///     }
/// }
///
/// assert_eq!(State::from("FREEZE"), State::Freeze);
/// let other = State::from("freeze");
/// assert_eq!(other.as_str(), "freeze");
/// assert_eq!(other.folded(), State::Freeze);
///
/// standing_core::open_enum! {
///     /// State of a door.
///     pub enum Door: i64 {
///         /// Open.
///         Open = 0,
///         /// Closed.
///         Closed = 1,
///     }
/// }
///
/// assert_eq!(Door::from(1), Door::Closed);
/// assert_eq!(Door::from(7).as_i64(), 7);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$value_meta:meta])* $value:ident = $text:literal),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        ///
        /// Values that are not listed are kept as they came.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$value_meta])* $value,)+
            /// Any other text.
            Unknown($crate::UnknownValue),
        }

        impl $name {
            /// The text as it is sent and as it came.
            $vis fn as_str(&self) -> &str {
                match self {
                    $(Self::$value => $text,)+
                    Self::Unknown(text) => text.as_str(),
                }
            }

            /// The documented value that the text means when case is ignored, else itself.
            #[must_use]
            $vis fn folded(&self) -> Self {
                if let Self::Unknown(text) = self {
                    $(if text.as_str().eq_ignore_ascii_case($text) {
                        return Self::$value;
                    })+
                }
                self.clone()
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$value,)+
                    _ => Self::Unknown($crate::UnknownValue::new(text)),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                text.to_owned().into()
            }
        }

        $crate::open_enum!(@serde $name, String, |value| value.as_str());
    };
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: i64 {
            $($(#[$value_meta:meta])* $value:ident = $number:literal),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        ///
        /// Values that are not listed are kept as they came.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$value_meta])* $value,)+
            /// Any other number.
            Unknown($crate::UnknownNumber),
        }

        impl $name {
            /// The number as it is sent and as it came.
            $vis const fn as_i64(self) -> i64 {
                match self {
                    $(Self::$value => $number,)+
                    Self::Unknown(number) => number.get(),
                }
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                match number {
                    $($number => Self::$value,)+
                    _ => Self::Unknown($crate::UnknownNumber::new(number)),
                }
            }
        }

        $crate::open_enum!(@serde $name, i64, |value| value.as_i64());
    };
    (@serde $name:ident, $wire:ty, |$value:ident| $text:expr) => {
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let $value = self;
                ::std::fmt::Display::fmt(&$text, f)
            }
        }

        impl $crate::generated::serde::Serialize for $name {
            fn serialize<S: $crate::generated::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                let $value = self;
                $crate::generated::serde::Serialize::serialize(&$text, serializer)
            }
        }

        impl<'de> $crate::generated::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::generated::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                <$wire as $crate::generated::serde::Deserialize>::deserialize(deserializer).map(Into::into)
            }
        }
    };
}

/// Declares a serde module for a list that travels inside an object of one member:
/// `{"Item": […]}`. Null and an object without the member read as an empty list.
///
/// ```
/// use serde::{Deserialize, Serialize};
///
/// standing_core::wrapped_list!(mod item = "Item");
///
/// #[derive(Serialize, Deserialize)]
/// struct Bills {
///     #[serde(with = "item", default)]
///     items: Vec<u64>,
/// }
///
/// let bills: Bills = serde_json::from_str(r#"{"items":{"Item":[1,2]}}"#)?;
/// assert_eq!(bills.items, [1, 2]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! wrapped_list {
    (mod $module:ident = $key:literal) => {
        mod $module {
            use $crate::generated::serde::{Deserialize, Deserializer, Serialize, Serializer};

            #[derive(Serialize, Deserialize)]
            #[serde(crate = "standing_core::generated::serde")]
            struct Wrapper<T> {
                #[serde(rename = $key, default = "Vec::new")]
                list: Vec<T>,
            }

            pub(super) fn serialize<T: Serialize, S: Serializer>(
                list: &[T],
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                #[derive(Serialize)]
                #[serde(crate = "standing_core::generated::serde")]
                struct Borrowed<'a, T> {
                    #[serde(rename = $key)]
                    list: &'a [T],
                }
                Borrowed { list }.serialize(serializer)
            }

            pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Vec<T>, D::Error> {
                let wrapper = Option::<Wrapper<T>>::deserialize(deserializer)?;
                Ok(wrapper.map_or_else(Vec::new, |wrapper| wrapper.list))
            }
        }
    };
}

/// The message of an empty list, by which the lenient reader recognises it.
pub(crate) const EMPTY_LIST: &str = "an empty list";

/// Reads a list that must not be empty, where an empty one would pass for "nothing known".
///
/// # Errors
///
/// An empty list, null, or what the items refuse.
pub fn non_empty<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let list = Vec::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom(EMPTY_LIST));
    }
    Ok(list)
}

/// Writes a text in lower case, for what is compared by its letters.
///
/// # Errors
///
/// What the serializer refuses.
pub fn lower_case<'t, T, S>(text: &'t T, serializer: S) -> Result<S::Ok, S::Error>
where
    &'t T: Into<Option<&'t String>>,
    S: serde::Serializer,
{
    let text: Option<&String> = text.into();
    text.map(|text| text.to_ascii_lowercase())
        .serialize(serializer)
}

/// Any JSON, kept as the text it came as; for members whose shape is not described.
///
/// `Debug` shows its length only.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Reads it as a type of your own.
    ///
    /// # Errors
    ///
    /// What serde makes of it; note that its messages quote values.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }
}

impl TryFrom<String> for Json {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        RawValue::from_string(text).map(Self)
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({} bytes)", self.as_str().len())
    }
}
