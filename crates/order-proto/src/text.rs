//! The messages of facts as `proto/orders/v1` writes them, for contracts that quote them.

/// The files that the messages of facts stand in.
const FILES: [&str; 2] = [
    include_str!("../../../proto/orders/v1/types.proto"),
    include_str!("../../../proto/orders/v1/fact.proto"),
];

/// A message or enumeration with the comment above it.
#[derive(Clone, Debug)]
struct Definition {
    name: &'static str,
    text: String,
}

/// A file of its own with this message of `orders/v1/fact.proto` and whatever it is made of, comments
/// included. Without the message where there is none of the name.
pub fn definition_of(message: &str) -> String {
    let all: Vec<Definition> = FILES.into_iter().flat_map(definitions).collect();
    let mut wanted = vec![message];
    let mut next = 0;
    while let Some(name) = wanted.get(next).copied() {
        next += 1;
        let Some(definition) = all.iter().find(|one| one.name == name) else {
            continue;
        };
        let parts = all.iter().filter(|one| definition.uses(one.name));
        for part in parts {
            if !wanted.contains(&part.name) {
                wanted.push(part.name);
            }
        }
    }
    let mut text = "syntax = \"proto3\";\n\npackage orders.v1;\n".to_owned();
    for definition in all.iter().filter(|one| wanted.contains(&one.name)) {
        text.push('\n');
        text.push_str(&definition.text);
    }
    text
}

impl Definition {
    /// Whether a member is of this type.
    fn uses(&self, name: &str) -> bool {
        let code = self
            .text
            .lines()
            .filter(|line| !line.trim().starts_with("//"));
        let mut members = code.skip(1).flat_map(str::split_whitespace);
        members.any(|word| word == name)
    }
}

/// Those at the margin: `buf format` in CI keeps them there.
fn definitions(file: &'static str) -> Vec<Definition> {
    let mut found = Vec::new();
    let mut text = String::new();
    let mut open = None;
    for line in file.lines() {
        let begins = ["message ", "enum "]
            .iter()
            .find_map(|word| line.strip_prefix(word));
        if let Some(rest) = begins {
            open = rest.split_whitespace().next();
        } else if open.is_none() && !line.starts_with("//") {
            text.clear();
            continue;
        }
        text.push_str(line);
        text.push('\n');
        if let Some(name) = open
            && (line == "}" || line.ends_with("{}"))
        {
            let text = std::mem::take(&mut text);
            found.push(Definition { name, text });
            open = None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message_of;
    use order_core::domain::Fact;
    use prost::Message as _;
    use prost_types::{DescriptorProto, FileDescriptorSet};

    /// Each is whole: a compiler takes it alone, and finds the message with the members that ours has.
    #[test]
    fn the_message_of_every_fact_stands_alone() {
        let ours = FileDescriptorSet::decode(crate::FILE_DESCRIPTOR_SET).unwrap();
        let folder = std::env::temp_dir().join(format!("order-proto-text-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in Fact::type_names().filter_map(message_of) {
            let file = folder.join(format!("{name}.proto"));
            std::fs::write(&file, definition_of(name)).unwrap();
            let quoted = protox::compile([&file], [&folder]).unwrap();
            assert_eq!(message(&quoted, name), message(&ours, name));
            let lists = ["ShipmentFact", "ReturnFact"].contains(&name);
            let all = quoted.file.iter().flat_map(|file| &file.message_type);
            assert_eq!(
                all.count(),
                1 + usize::from(lists),
                "{name} and what it is made of"
            );
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    fn message<'a>(set: &'a FileDescriptorSet, name: &str) -> &'a DescriptorProto {
        let mut all = set.file.iter().flat_map(|file| &file.message_type);
        all.find(|message| message.name() == name).unwrap()
    }

    #[test]
    fn comments_come_along_and_what_is_not_there_is_not_made_up() {
        let text = definition_of("StockFact");
        assert!(
            text.contains("// Stock was reserved, refused or released."),
            "{text}"
        );
        assert!(text.contains("enum StockFactKind {"), "{text}");
        assert!(!definition_of("NoFact").contains("message"));
    }
}
