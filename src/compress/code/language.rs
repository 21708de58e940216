//! The languages whose source can become an outline: data, one row each.

use tree_sitter_language::LanguageFn;

/// A language, and what of its syntax may go.
pub(super) struct Language {
    extensions: &'static [&'static str],
    pub(super) grammar: LanguageFn,
    /// Nodes whose `body` may go.
    pub(super) functions: &'static [&'static str],
    /// Nodes that may go by themselves where they are long.
    pub(super) literals: &'static [&'static str],
    /// Whether a body has no line of its own for its beginning and its end.
    pub(super) is_indented: bool,
    /// What source of this language is told by, where no file name tells.
    signs: &'static [&'static str],
}

const LANGUAGES: &[Language] = &[
    Language {
        extensions: &["py", "pyi", "pyw"],
        grammar: tree_sitter_python::LANGUAGE,
        functions: &["function_definition"],
        literals: &["dictionary", "list", "set", "tuple"],
        is_indented: true,
        signs: &["\ndef ", "\nimport ", "self.", "\nfrom ", "elif "],
    },
    Language {
        extensions: &["rs"],
        grammar: tree_sitter_rust::LANGUAGE,
        functions: &["function_item"],
        literals: &["array_expression", "macro_invocation"],
        is_indented: false,
        signs: &["fn ", "let ", "\nuse ", "impl ", "pub ", "::"],
    },
    Language {
        extensions: &["ts", "mts", "cts"],
        grammar: tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        functions: JAVASCRIPT_FUNCTIONS,
        literals: &["object", "array", "template_string"],
        is_indented: false,
        signs: &["interface ", ": string", "\nimport ", "export ", "const ", "=> "],
    },
    Language {
        extensions: &["tsx"],
        grammar: tree_sitter_typescript::LANGUAGE_TSX,
        functions: JAVASCRIPT_FUNCTIONS,
        literals: &["object", "array", "template_string"],
        is_indented: false,
        signs: &[],
    },
    Language {
        extensions: &["js", "mjs", "cjs", "jsx"],
        grammar: tree_sitter_javascript::LANGUAGE,
        functions: JAVASCRIPT_FUNCTIONS,
        literals: &["object", "array", "template_string"],
        is_indented: false,
        signs: &["function ", "const ", "var ", "require(", "=> ", "module.exports"],
    },
    Language {
        extensions: &["go"],
        grammar: tree_sitter_go::LANGUAGE,
        functions: &["function_declaration", "method_declaration", "func_literal"],
        literals: &["composite_literal", "raw_string_literal"],
        is_indented: false,
        signs: &["\nfunc ", "package ", ":= ", "err != nil", "\nimport ("],
    },
    Language {
        extensions: &["java"],
        grammar: tree_sitter_java::LANGUAGE,
        functions: &["method_declaration", "constructor_declaration", "static_initializer"],
        literals: &["array_initializer"],
        is_indented: false,
        signs: &["public class ", "\nimport java", "private ", "@Override", "\npackage "],
    },
    Language {
        extensions: &["c", "h"],
        grammar: tree_sitter_c::LANGUAGE,
        functions: &["function_definition"],
        literals: &["initializer_list"],
        is_indented: false,
        signs: &["#include <", "#define ", "static ", "->", "NULL"],
    },
    Language {
        extensions: &["cc", "cpp", "cxx", "hpp", "hh", "hxx"],
        grammar: tree_sitter_cpp::LANGUAGE,
        functions: &["function_definition"],
        literals: &["initializer_list"],
        is_indented: false,
        signs: &["#include <", "std::", "namespace ", "template <", "nullptr"],
    },
    Language {
        extensions: &["pl", "pm", "t"],
        grammar: tree_sitter_perl::LANGUAGE,
        functions: &["function_definition", "function_definition_without_sub", "anonymous_function"],
        literals: &["heredoc_body_statement", "word_list_qw"],
        is_indented: false,
        signs: &["\nsub ", "my $", "use strict", "=> ", "@_"],
    },
    #[cfg(feature = "more-languages")]
    Language {
        extensions: &["cs"],
        grammar: tree_sitter_c_sharp::LANGUAGE,
        functions: &["method_declaration", "constructor_declaration", "local_function_statement"],
        literals: &["initializer_expression"],
        is_indented: false,
        signs: &["\nusing ", "namespace ", "public class ", "get; set;"],
    },
    #[cfg(feature = "more-languages")]
    Language {
        extensions: &["rb"],
        grammar: tree_sitter_ruby::LANGUAGE,
        functions: &["method", "singleton_method"],
        literals: &["hash", "array"],
        is_indented: true,
        signs: &["\ndef ", "\nend", "require '", "attr_reader"],
    },
    #[cfg(feature = "more-languages")]
    Language {
        extensions: &["php"],
        grammar: tree_sitter_php::LANGUAGE_PHP,
        functions: &["function_definition", "method_declaration"],
        literals: &["array_creation_expression"],
        is_indented: false,
        signs: &["<?php", "$this->", "function "],
    },
    #[cfg(feature = "more-languages")]
    Language {
        extensions: &["sh", "bash"],
        grammar: tree_sitter_bash::LANGUAGE,
        functions: &["function_definition"],
        literals: &["heredoc_body"],
        is_indented: false,
        signs: &["#!/bin/sh", "#!/bin/bash", "\nfi\n", "\ndone\n"],
    },
];

const JAVASCRIPT_FUNCTIONS: &[&str] = &[
    "function_declaration",
    "function_expression",
    "generator_function_declaration",
    "method_definition",
    "arrow_function",
];

/// So many signs have to be there for a language to be told from the source alone.
const TELLING: usize = 3;

/// The language of a file, or of source of which no name is known.
pub(super) fn of(path: Option<&str>, text: &str) -> Option<&'static Language> {
    let extension = path.and_then(|path| path.rsplit_once('.')).map(|(_, extension)| extension);
    if let Some(extension) = extension {
        return LANGUAGES.iter().find(|language| language.extensions.contains(&extension));
    }
    let mut end = text.len().min(16 * 1024);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let count = |language: &Language| language.signs.iter().filter(|sign| text[..end].contains(**sign)).count();
    let (language, signs) =
        LANGUAGES.iter().map(|language| (language, count(language))).rev().max_by_key(|(_, count)| *count)?;
    (signs >= TELLING).then_some(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grammar_loads() {
        for language in LANGUAGES {
            let grammar = tree_sitter::Language::new(language.grammar);
            let mut parser = tree_sitter::Parser::new();
            parser.set_language(&grammar).unwrap();
            for kind in language.functions.iter().chain(language.literals) {
                assert_ne!(grammar.id_for_node_kind(kind, true), 0, "{kind} of {:?}", language.extensions);
            }
        }
    }

    #[test]
    fn the_name_tells_first_and_the_signs_where_there_is_none() {
        let extensions = |path, text| of(path, text).map(|language| language.extensions[0]);
        assert_eq!(extensions(Some("/x/a.py"), "fn x() {}"), Some("py"));
        assert_eq!(extensions(Some("/x/a.unknown"), "fn x() {}"), None);
        assert_eq!(extensions(None, "use a::b;\nimpl X {\n    pub fn x() { let y = 1; }\n}"), Some("rs"));
        assert_eq!(extensions(None, "package x\nimport (\n)\nfunc F() {\n\ta := 1\n}"), Some("go"));
        assert_eq!(extensions(None, "Some prose about let and fn."), None);
    }
}
