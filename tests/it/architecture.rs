//! The house's rules that a compiler does not know: who may name whom, and how files are called.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{Attribute, Item, ItemUse, UseTree};

/// A file of `src`, with every path that its code names.
struct Source {
    /// Below `src`, with slashes.
    name: String,
    text: String,
    /// `crate::billing::…` is kept as ["crate", "billing", …], also out of `use` trees and macros.
    paths: BTreeSet<Vec<String>>,
}

impl Source {
    fn names(&self, root: &str) -> bool {
        self.paths.iter().any(|path| path[0] == root)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    files(&root(), &mut paths);
    paths.sort();
    assert!(paths.len() > 100, "the sources are found");
    let source = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let tree = syn::parse_file(&text).unwrap_or_else(|cause| panic!("{name}: {cause}"));
        Source { name, paths: paths_in(&tree), text }
    };
    paths.into_iter().map(source).collect()
}

#[derive(Default)]
struct Names(BTreeSet<Vec<String>>);

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.tree(&item.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(&called.tokens.to_string());
        syn::visit::visit_macro(self, called);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(&list.tokens.to_string());
        }
        syn::visit::visit_attribute(self, attribute);
    }
}

impl Names {
    fn tree(&mut self, tree: &UseTree, before: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(&path.tree, before);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, before)),
            UseTree::Name(name) => self.leaf(before, &name.ident.to_string()),
            UseTree::Rename(name) => self.leaf(before, &name.ident.to_string()),
            UseTree::Glob(_) => self.leaf(before, "*"),
        }
    }

    fn leaf(&mut self, before: &[String], name: &str) {
        let mut path = before.to_vec();
        path.push(name.to_owned());
        self.0.insert(path);
    }

    /// Paths in what syn does not parse: macros' arguments, and code in attributes' strings.
    fn tokens(&mut self, tokens: &str) {
        let tokens = tokens.replace([' ', '\n'], "");
        for piece in tokens.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            let path: Vec<String> = piece.split("::").map(str::to_owned).collect();
            if path.len() > 1 && path.iter().all(|part| !part.is_empty() && !part.contains(':')) {
                self.0.insert(path);
            }
        }
    }
}

fn paths_in(file: &syn::File) -> BTreeSet<Vec<String>> {
    let mut names = Names::default();
    names.visit_file(file);
    names.0
}

fn modules_in_order() -> Vec<String> {
    let tree = syn::parse_file(&fs::read_to_string(root().join("lib.rs")).unwrap()).unwrap();
    let module = |item| if let Item::Mod(module) = item { Some(module.ident.to_string()) } else { None };
    tree.items.into_iter().filter_map(module).collect()
}

/// Fails with all offenders at once.
fn assert_none(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

#[test]
fn a_module_uses_only_those_before_it() {
    let order = modules_in_order();
    assert_eq!((order.first().unwrap().as_str(), order.last().unwrap().as_str()), ("kernel", "cli"));
    let place = |module: &str| order.iter().position(|found| found == module);
    let mut offenders = Vec::new();
    for source in sources() {
        let own = source.name.split(['/', '.']).next().unwrap();
        let Some(own_place) = place(own) else { continue };
        let later = source.paths.iter().filter(|path| path[0] == "crate" && path.len() > 1);
        let later = later.filter(|path| place(&path[1]).is_some_and(|used| used > own_place));
        offenders.extend(later.map(|path| format!("{}: {}", source.name, path.join("::"))));
    }
    assert_none("a module of src/lib.rs uses one that stands after it", &offenders);
}

#[test]
fn every_module_below_src_stands_in_the_order() {
    let order = modules_in_order();
    let mut strangers = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap_or(&name).to_owned();
        if !order.contains(&module) && module != "lib" && module != "main" {
            strangers.push(name);
        }
    }
    assert_none("not declared in src/lib.rs", &strangers);
}

/// Who may name a library besides its home, each with its reason.
fn only_in(library: &str, homes: &[&str], exceptions: &[(&str, &str)]) {
    let sources = sources();
    let using: Vec<_> = sources.iter().filter(|source| source.names(library)).collect();
    assert!(!using.is_empty(), "nobody names {library}: is the rule out of date?");
    let at_home = |name: &str| homes.iter().any(|home| name.starts_with(home) || name.ends_with(&format!("/{home}")));
    let excepted = |name: &str| exceptions.iter().any(|(file, _)| *file == name);
    let offenders: Vec<_> =
        using.iter().map(|source| source.name.clone()).filter(|name| !at_home(name) && !excepted(name)).collect();
    assert_none(&format!("{library} is named outside {}", homes.join(", ")), &offenders);
    let idle = exceptions.iter().map(|(file, _)| *file);
    let idle: Vec<_> =
        idle.filter(|file| !using.iter().any(|source| source.name == *file)).map(str::to_owned).collect();
    assert_none(&format!("exceptions for {library} that nobody needs any more"), &idle);
}

#[test]
fn sea_orm_is_named_only_by_stores_and_the_platform() {
    let exceptions = [
        ("integrators/import/tests/corrections.rs", "tests look at tables that no slice shows them"),
        ("integrators/import/tests/exports.rs", "tests look at tables that no slice shows them"),
        ("integrators/import/tests/look.rs", "tests look at tables that no slice shows them"),
        ("integrators/import/tests/mod.rs", "tests look at tables that no slice shows them"),
        ("integrators/import/tests/world.rs", "tests make databases of their own"),
    ];
    only_in("sea_orm", &["store.rs", "platform/"], &exceptions);
}

#[test]
fn graphql_is_named_only_by_its_layer_and_http() {
    only_in("async_graphql", &["graphql/", "http/"], &[]);
}

#[test]
fn poem_is_named_only_by_http() {
    only_in("poem", &["http/"], &[]);
}

#[test]
fn redis_is_named_only_by_the_platform_and_the_composition_root() {
    only_in("redis", &["platform/", "app/"], &[]);
}

#[test]
fn lettre_is_named_only_by_the_mail_mechanism() {
    only_in("lettre", &["platform/mail/"], &[]);
}

#[test]
fn the_http_client_is_named_only_by_the_platform_and_the_server() {
    only_in("hyper_util", &["platform/", "http/"], &[]);
    only_in("hyper_rustls", &["platform/"], &[]);
}

#[test]
fn krilla_is_named_only_by_the_pdf_mechanism() {
    only_in("krilla", &["platform/pdf/"], &[]);
    only_in("ttf_parser", &["platform/pdf/"], &[]);
}

#[test]
fn sqlx_is_named_only_by_the_database_mechanism() {
    only_in("sqlx", &["platform/db/"], &[]);
}

#[test]
fn a_file_is_called_by_what_it_holds() {
    const EMPTY_WORDS: [&str; 7] = ["utils", "helpers", "common", "misc", "manager", "core", "base"];
    let empty = |name: &String| name.split(['/', '.']).any(|part| EMPTY_WORDS.contains(&part));
    let offenders: Vec<_> = sources().into_iter().map(|source| source.name).filter(empty).collect();
    assert_none("names that say nothing", &offenders);
}

#[test]
fn a_file_of_src_has_at_most_500_lines() {
    let long = sources().into_iter().map(|source| (source.text.lines().count(), source.name));
    let long: Vec<_> = long.filter(|(lines, _)| *lines > 500).map(|(lines, name)| format!("{name}: {lines}")).collect();
    assert_none("files to split", &long);
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let allows = |source: &Source| source.text.contains("#[allow") || source.text.contains("#![allow");
    let offenders: Vec<_> = sources().into_iter().filter(allows).map(|source| source.name).collect();
    assert_none("#[allow]: write #[expect(…, reason = …)]", &offenders);
}

#[test]
fn the_search_for_names_sees_groups_macros_attributes_and_test_modules() {
    let code = "use crate::{accounts::Accounts, cli as x};
        #[graphql(complexity = \"crate::graphql::schema::cost(first)\")] fn f() { println!(\"{}\", crate::app::NAME); }
        #[cfg(test)] mod tests { fn g() { redis::cmd(\"GET\"); } }";
    let paths = paths_in(&syn::parse_file(code).unwrap());
    for path in
        ["crate::accounts::Accounts", "crate::cli", "crate::graphql::schema::cost", "crate::app::NAME", "redis::cmd"]
    {
        let path: Vec<_> = path.split("::").map(str::to_owned).collect();
        assert!(paths.contains(&path), "{path:?} in {paths:?}");
    }
}
