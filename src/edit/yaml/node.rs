//! What a YAML text means, whatever it looks like.
//!
//! Aliases are not followed: one stands for itself, so two texts mean the same only when they refer to the same names.

use std::collections::BTreeMap;

use rowan::ast::AstNode;
use serde_json::Value;
use yaml_edit::Scalar;
use yaml_edit::SyntaxKind;

use crate::edit::yaml::document::Syntax;
use crate::edit::yaml::document::element;
use crate::edit::yaml::document::entries;
use crate::edit::yaml::document::key;
use crate::edit::yaml::document::value;

/// A value without its layout.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// By the key, or what it looks like when it is not a text.
    Mapping(BTreeMap<String, Node>),
    /// An alias or a value with a tag, as it is written.
    Other(String),
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Boolean(left), Self::Boolean(right)) => left == right,
            (Self::Integer(left), Self::Integer(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => left.total_cmp(right).is_eq(),
            (Self::Integer(whole), Self::Float(number)) | (Self::Float(number), Self::Integer(whole)) => {
                whole.to_string().parse() == Ok(*number)
            }
            (Self::Text(left), Self::Text(right)) | (Self::Other(left), Self::Other(right)) => left == right,
            (Self::List(left), Self::List(right)) => left == right,
            (Self::Mapping(left), Self::Mapping(right)) => left == right,
            _ => false,
        }
    }
}

impl Node {
    pub(super) fn of(syntax: &Syntax) -> Self {
        match syntax.kind() {
            SyntaxKind::MAPPING => Self::Mapping(
                entries(syntax)
                    .map(|entry| {
                        let name = match key(&entry).map(|key| Self::of(&key)) {
                            Some(Self::Text(name)) => name,
                            other => format!("\0{other:?}"),
                        };
                        (name, value(&entry).map_or(Self::Null, |value| Self::of(&value)))
                    })
                    .collect(),
            ),
            SyntaxKind::SEQUENCE => Self::List(
                entries(syntax).map(|entry| value(&entry).map_or(Self::Null, |value| Self::of(&value))).collect(),
            ),
            SyntaxKind::SCALAR => Scalar::cast(syntax.clone()).map_or(Self::Null, |scalar| Self::of_scalar(&scalar)),
            _ => Self::Other(syntax.text().to_string()),
        }
    }

    fn of_scalar(scalar: &Scalar) -> Self {
        if scalar.is_quoted() || scalar.is_block() {
            return Self::Text(scalar.as_string());
        }
        if scalar.is_null() {
            return Self::Null;
        }
        let number = || scalar.as_i64().map(Self::Integer).or_else(|| scalar.as_f64().map(Self::Float));
        scalar.as_bool().map(Self::Boolean).or_else(number).unwrap_or_else(|| Self::Text(scalar.as_string()))
    }

    pub(super) fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(is) => Self::Boolean(*is),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Self::Integer(whole),
                None => number.as_f64().map_or(Self::Null, Self::Float),
            },
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(elements) => Self::List(elements.iter().map(Self::of_json).collect()),
            Value::Object(members) => {
                Self::Mapping(members.iter().map(|(key, value)| (key.clone(), Self::of_json(value))).collect())
            }
        }
    }

    /// The same as JSON. `None` when there is no counterpart.
    pub(super) fn to_json(&self) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Boolean(is) => (*is).into(),
            Self::Integer(whole) => (*whole).into(),
            Self::Float(number) => serde_json::Number::from_f64(*number)?.into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(elements) => Value::Array(elements.iter().map(Self::to_json).collect::<Option<_>>()?),
            Self::Mapping(members) => {
                let members = members.iter().map(|(key, node)| {
                    let is_text = !key.starts_with('\0');
                    is_text.then(|| Some((key.clone(), node.to_json()?))).flatten()
                });
                Value::Object(members.collect::<Option<_>>()?)
            }
            Self::Other(_) => return None,
        })
    }

    pub(super) fn is_text(&self, wanted: &str) -> bool {
        matches!(self, Self::Text(text) if text == wanted)
    }

    pub(super) fn get(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |node, step| match (node, element(step)) {
            (Self::Mapping(members), None) => members.get(step),
            (Self::List(elements), Some(name)) => elements.iter().find(|element| element.has_name(name)),
            _ => None,
        })
    }

    fn has_name(&self, name: &str) -> bool {
        matches!(self, Self::Mapping(members) if members.get("name").is_some_and(|value| value.is_text(name)))
    }

    /// The same without what is at `path`, and without what along it is empty then.
    pub(super) fn without(mut self, path: &[String]) -> Self {
        if self.remove(path) { Self::Null } else { self }
    }

    /// Removes what is at `path`, and says whether nothing is left.
    fn remove(&mut self, path: &[String]) -> bool {
        let Some((step, rest)) = path.split_first() else { return true };
        match (&mut *self, element(step)) {
            (Self::Mapping(members), None) => members.retain(|key, member| key != step || !member.remove(rest)),
            (Self::List(elements), Some(name)) => elements.retain_mut(|it| !it.has_name(name) || !it.remove(rest)),
            _ => {}
        }
        match self {
            Self::Null => true,
            Self::Mapping(members) => members.is_empty(),
            Self::List(elements) => elements.is_empty(),
            _ => false,
        }
    }
}
