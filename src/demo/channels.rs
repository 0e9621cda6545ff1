//! What is on: six channels in two groups.

/// One test-pattern channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Channel {
    /// The panel's `stream_id`.
    pub(super) id: u32,
    /// As the list shows it and as the picture does.
    pub(super) name: &'static str,
    /// Index into [`GROUPS`].
    pub(super) group: usize,
    /// Background and moving bar, `RRGGBB`.
    pub(super) colours: (&'static str, &'static str),
    /// Hz.
    pub(super) tone: u32,
}

/// The groups' names; a panel's `category_id` is the index plus one.
pub(super) const GROUPS: [&str; 2] = ["Demo — Cool", "Demo — Warm"];

/// The list.
pub(super) const CHANNELS: [Channel; 6] = [
    Channel { id: 1, name: "Demo 1 — Ocean", group: 0, colours: ("12395a", "4d9bd6"), tone: 262 },
    Channel { id: 2, name: "Demo 2 — Forest", group: 0, colours: ("173f2c", "5cb585"), tone: 294 },
    Channel { id: 3, name: "Demo 3 — Slate", group: 0, colours: ("2c333d", "8f9cad"), tone: 330 },
    Channel { id: 4, name: "Demo 4 — Ember", group: 1, colours: ("5a2312", "e08352"), tone: 349 },
    Channel { id: 5, name: "Demo 5 — Plum", group: 1, colours: ("42204d", "b07cc6"), tone: 392 },
    Channel { id: 6, name: "Demo 6 — Sand", group: 1, colours: ("55461f", "d9bd6c"), tone: 440 },
];

/// The channel with this `stream_id`.
pub(super) fn by_id(id: &str) -> Option<&'static Channel> {
    let id: u32 = id.parse().ok()?;
    CHANNELS.iter().find(|channel| channel.id == id)
}
