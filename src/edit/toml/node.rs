//! What a TOML text means, whatever it looks like.
//!
//! An agent that writes its configuration back may turn `30` into `30.0`, so numbers are compared as numbers.

use std::collections::BTreeMap;

use toml_edit::Item;
use toml_edit::Table;
use toml_edit::Value;

/// A value without its layout.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Table(BTreeMap<String, Node>),
    Array(Vec<Node>),
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Date(String),
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Table(left), Self::Table(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => left == right,
            (Self::Text(left), Self::Text(right)) | (Self::Date(left), Self::Date(right)) => left == right,
            (Self::Integer(left), Self::Integer(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => left.total_cmp(right).is_eq(),
            (Self::Integer(whole), Self::Float(number)) | (Self::Float(number), Self::Integer(whole)) => {
                whole.to_string().parse() == Ok(*number)
            }
            (Self::Boolean(left), Self::Boolean(right)) => left == right,
            _ => false,
        }
    }
}

impl Node {
    pub(super) fn of_table(table: &Table) -> Self {
        Self::Table(table.iter().map(|(key, item)| (key.to_owned(), Self::of_item(item))).collect())
    }

    fn of_item(item: &Item) -> Self {
        match item {
            Item::None => Self::Table(BTreeMap::new()),
            Item::Value(value) => Self::of(value),
            Item::Table(table) => Self::of_table(table),
            Item::ArrayOfTables(tables) => Self::Array(tables.iter().map(Self::of_table).collect()),
        }
    }

    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.value().clone()),
            Value::Integer(number) => Self::Integer(*number.value()),
            Value::Float(number) => Self::Float(*number.value()),
            Value::Boolean(is) => Self::Boolean(*is.value()),
            Value::Datetime(date) => Self::Date(date.value().to_string()),
            Value::Array(array) => Self::Array(array.iter().map(Self::of).collect()),
            Value::InlineTable(table) => {
                Self::Table(table.iter().map(|(key, value)| (key.to_owned(), Self::of(value))).collect())
            }
        }
    }

    pub(super) fn get(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| match node {
            Self::Table(members) => members.get(key),
            _ => None,
        })
    }

    /// How many keys of `path` exist.
    pub(super) fn reach(&self, path: &[String]) -> usize {
        (0..=path.len()).rev().find(|depth| self.get(&path[..*depth]).is_some()).unwrap_or_default()
    }

    /// The same without what is at `path`, and without tables along it that are empty then.
    pub(super) fn without(mut self, path: &[String]) -> Self {
        self.remove(path);
        self
    }

    fn remove(&mut self, path: &[String]) {
        let (Self::Table(members), Some((key, rest))) = (self, path.split_first()) else { return };
        let is_empty = match members.get_mut(key) {
            Some(member) if !rest.is_empty() => {
                member.remove(rest);
                matches!(member, Self::Table(members) if members.is_empty())
            }
            Some(_) => true,
            None => false,
        };
        if is_empty {
            members.remove(key);
        }
    }
}
