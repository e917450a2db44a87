//! The envelope of a `CloudEvent` 1.0, in structured and in binary mode, by whatever transport: its
//! attributes, where its data is, and all that is wrong with the two.

use crate::check::check;
use crate::path::Path;
use crate::schemas::named;
use crate::tree::Node;
use crate::{Malformed, WireType};
use order_core::domain::Violations;
use serde::Deserializer;
use serde_json::Value;
use std::collections::BTreeMap;

/// Attributes of the specification that the service reads or allows; others are extensions.
const KNOWN_ATTRIBUTES: [&str; 8] = [
    "specversion",
    "type",
    "source",
    "id",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
];

/// The longest name of an extension, in characters; the specification advises 20.
const MAX_EXTENSION_NAME_CHARS: usize = 64;

/// One context attribute as a transport carries it: name, value, and nothing decoded any more.
pub type Attribute = (String, String);

/// An event whose data nobody has read yet.
pub(crate) struct Envelope<'a> {
    attributes: BTreeMap<String, String>,
    data: Option<Data<'a>>,
    /// What the transport puts before an attribute's name.
    prefix: &'a str,
    /// Where the data stands in the caller's paths.
    data_path: &'static str,
    pub(crate) wrong: Violations,
}

/// The data, as the mode carries it.
enum Data<'a> {
    /// The whole body.
    Body(&'a [u8]),
    /// A member of the body.
    Member(Node),
}

impl Data<'_> {
    fn into_node(self) -> Result<Node, Malformed> {
        match self {
            Data::Member(node) => Ok(node),
            Data::Body(body) => match Node::parse(body)? {
                node @ Node::Object(_) => Ok(node),
                node => Err(Malformed::not_an_object(&node)),
            },
        }
    }
}

impl<'a> Envelope<'a> {
    /// Of a body in structured mode (`application/cloudevents+json`).
    pub(crate) fn structured(body: &[u8]) -> Result<Envelope<'static>, Malformed> {
        let members = match Node::parse(body)? {
            Node::Object(members) => members,
            node => return Err(Malformed::not_an_object(&node)),
        };
        let mut wrong = Violations::new();
        let mut attributes = BTreeMap::new();
        let mut data = None;
        let mut seen = Vec::with_capacity(members.len());
        for (name, node) in members {
            if seen.contains(&name) {
                wrong.add(name, "is given twice");
                continue;
            }
            match (name.as_str(), node) {
                ("data", node) => data = Some(Data::Member(node)),
                // The specification's JSON format: null is the same as absent.
                (_, Node::Null) => {}
                ("data_base64", _) => {
                    wrong.add("data_base64", "is not taken; give the JSON itself in data");
                }
                (_, Node::Text(text)) => drop(attributes.insert(name.clone(), text)),
                (known, node) if KNOWN_ATTRIBUTES.contains(&known) => {
                    // The type stands in for the value, so that the attribute is not told as missing too.
                    wrong.add(known, format!("must be a string, not {}", node.kind()));
                }
                (_, node @ (Node::List(_) | Node::Object(_))) => {
                    wrong.add(
                        name.clone(),
                        format!(
                            "an extension must be a string, integer or boolean, not {}",
                            node.kind()
                        ),
                    );
                }
                _ => {}
            }
            seen.push(name);
        }
        for name in &seen {
            check_name(name, "", &mut wrong);
        }
        Ok(Envelope {
            attributes,
            data,
            prefix: "",
            data_path: "data",
            wrong,
        }
        .checked())
    }

    /// Of attributes that the transport carried, decoded, beside data that is the body. `prefix` is
    /// what the transport puts before an attribute's name; the content type comes as the attribute
    /// `datacontenttype`.
    pub(crate) fn binary(
        attributes: Vec<Attribute>,
        data: &'a [u8],
        prefix: &'a str,
    ) -> Envelope<'a> {
        let mut wrong = Violations::new();
        let mut by_name = BTreeMap::new();
        for (name, value) in attributes {
            check_name(&name, prefix, &mut wrong);
            let field = format!("{prefix}{name}");
            if by_name.insert(name, value).is_some() {
                wrong.add(field, "is given twice");
            }
        }
        Envelope {
            attributes: by_name,
            data: Some(Data::Body(data)),
            prefix,
            data_path: "",
            wrong,
        }
        .checked()
    }

    fn checked(mut self) -> Envelope<'a> {
        let mut told = Violations::new();
        for name in ["specversion", "type", "source", "id"] {
            if self.text(name).is_none() {
                told.add(self.field(name), "is required");
            }
        }
        if self.text("specversion").is_some_and(|text| text != "1.0") {
            told.add(self.field("specversion"), "must be 1.0");
        }
        let no_time = |text: &str| crate::parse_timestamp(text).is_none();
        if self.text("time").is_some_and(no_time) {
            told.add(self.field("time"), "must be a time as RFC 3339 writes it");
        }
        let no_json = |media: &str| !is_json(media);
        if self.text("datacontenttype").is_some_and(no_json) {
            told.add(self.field("datacontenttype"), "must be application/json");
        }
        self.wrong.merge(told);
        self
    }

    /// An attribute's value.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// An attribute's value; empty where it is missing, which has been told.
    pub(crate) fn owned(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    /// An attribute's name in the caller's words.
    pub(crate) fn field(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What `read` makes of the data. What the schema does not allow is told, and repaired; `None`
    /// where there is no data at all.
    pub(crate) fn data<T>(
        &mut self,
        schema: &str,
        read: &impl Reads<T>,
    ) -> Result<Option<T>, Malformed> {
        let Some(data) = self.data.take() else {
            self.wrong.add(self.data_path, "is required");
            return Ok(None);
        };
        if let Data::Body(body) = data {
            let mut text = serde_json::Deserializer::from_slice(body);
            if let Ok(value) = read.read_text(&mut text)
                && text.end().is_ok()
            {
                return Ok(Some(value));
            }
        }
        let mut node = data.into_node()?;
        let mut path = Path::starting_at(self.data_path);
        check(&mut node, named(schema), &mut path, &mut self.wrong);
        let value = read.read_value(node.into_value());
        value.map(Some).map_err(|error| Malformed::of(&error))
    }

    /// The data as a body of its own, such as an order to place.
    pub(crate) fn body<T: WireType>(&mut self) -> Result<Option<T::Domain>, Malformed> {
        let Some(wire) = self.data(&T::name(), &Whole::<T>(std::marker::PhantomData))? else {
            return Ok(None);
        };
        let mut own = Violations::new();
        let mut value = wire.into_domain(&mut own);
        self.wrong.merge(self.respelled_data(own));
        if !self.wrong.is_empty() {
            T::forget_sums(&mut value);
        }
        Ok(Some(value))
    }

    /// Where the type is not known nothing else can be checked but that the data is what it must be.
    pub(crate) fn unknown_type(&mut self, reason: String) -> Result<(), Malformed> {
        let field = self.field("type");
        if self.text("type").is_some() {
            self.wrong.add(field, reason);
        }
        self.data
            .take()
            .map_or(Ok(()), |data| data.into_node().map(drop))
    }

    /// Paths of structured mode, as the domain tells them, in the caller's words.
    pub(crate) fn respelled(&self, told: &Violations) -> Violations {
        let mut respelled = Violations::new();
        for one in told.as_slice() {
            let field = match one.field.strip_prefix("data.") {
                Some(rest) if self.data_path.is_empty() => rest.to_owned(),
                Some(_) => one.field.clone(),
                None => self.field(&one.field),
            };
            respelled.add(field, one.reason.clone());
        }
        respelled
    }

    fn respelled_data(&self, told: Violations) -> Violations {
        if self.data_path.is_empty() {
            told
        } else {
            told.prefixed(&format!("{}.", self.data_path))
        }
    }
}

/// A type that is read from a text, or from a value that its schema allows.
pub(crate) trait Reads<T> {
    fn read_text<'de, D: Deserializer<'de>>(&self, text: D) -> Result<T, D::Error>;

    fn read_value(&self, value: Value) -> serde_json::Result<T> {
        self.read_text(value)
    }
}

struct Whole<T>(std::marker::PhantomData<T>);

impl<T: WireType> Reads<T> for Whole<T> {
    fn read_text<'de, D: Deserializer<'de>>(&self, text: D) -> Result<T, D::Error> {
        T::deserialize(text)
    }
}

/// Whether a media type is JSON, with whatever parameters.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Names of attributes are lower-case letters and digits (`CloudEvents` 1.0, "Naming Conventions");
/// `data` and `data_base64` are members of the JSON format.
fn check_name(name: &str, prefix: &str, wrong: &mut Violations) {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let of_the_format = matches!(name, "data" | "data_base64");
    if of_the_format || (plain && !name.is_empty() && name.len() <= MAX_EXTENSION_NAME_CHARS) {
        return;
    }
    let shown: String = name.chars().take(MAX_EXTENSION_NAME_CHARS).collect();
    wrong.add(
        format!("{prefix}{shown}"),
        "is no attribute's name: lower-case letters and digits alone, 1 to 64 of them",
    );
}
