//! The list that counts, while another is imported: which of its channels come again.

use super::row::{Row, soft};
use crate::store::imports::Former;

/// How a channel of the current list was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// By its address or number at the panel.
    Identity(u32),
    /// By what it is called, and where it stands.
    Name(u32),
}

/// Its channels by what names them. 56 bytes a channel.
#[derive(Debug, Default)]
pub(super) struct FormerList {
    by_identity: Keys,
    by_group: Keys,
    by_guide: Keys,
    /// Position from which on it was read.
    first: u32,
    /// Who was recognised as which: the new position and one, 0 for nobody; the highest bit: by its name only.
    claimed: Vec<u32>,
}

const BY_NAME: u32 = 1 << 31;

/// Hashes and positions, by hash.
#[derive(Debug, Default)]
struct Keys(Vec<(u64, u32)>);

impl Keys {
    fn of(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        let first = self.0.partition_point(|(other, _)| *other < hash);
        self.0[first..].iter().take_while(move |(other, _)| *other == hash).map(|(_, position)| *position)
    }
}

impl FormerList {
    /// One whose channels from a position on will be pushed.
    pub(super) fn from(first: u32) -> Self {
        Self { first, ..Self::default() }
    }

    /// Whether there is nobody to be recognised.
    pub(super) fn is_empty(&self) -> bool {
        self.claimed.is_empty()
    }

    /// Adds its next channel.
    pub(super) fn push(&mut self, former: &Former) {
        self.by_identity.0.push((former.identity, former.position));
        let group = former.group.map_or_else(String::new, |id| id.to_string());
        self.by_group.0.push((soft(&former.name, &group, 1), former.position));
        if let Some(id) = &former.tvg_id {
            self.by_guide.0.push((soft(&former.name, id, 2), former.position));
        }
        self.claimed.push(0);
    }

    /// To be called once all are there.
    pub(super) fn finish(&mut self) {
        for keys in [&mut self.by_identity, &mut self.by_group, &mut self.by_guide] {
            keys.0.sort_unstable();
        }
    }

    /// Which channel of the current list the entry is that will stand at `position`; and who was taken for it by its
    /// name before, wrongly.
    pub(super) fn claim(
        &mut self,
        row: &Row,
        group: Option<i64>,
        position: u32,
    ) -> (Option<Claim>, Option<u32>) {
        let state = |at: &u32| self.claimed.get((at - self.first) as usize).copied().unwrap_or(BY_NAME);
        let found = self.by_identity.of(row.identity).find(|at| state(at) == 0);
        if let Some(at) = found {
            return (self.take(at, position), None);
        }
        // An address is a better witness than a name.
        let soft = self.by_identity.of(row.identity).find(|at| state(at) > BY_NAME);
        if let Some(at) = soft {
            let wrong = (state(&at) & !BY_NAME) - 1;
            return (self.take(at, position), Some(wrong));
        }
        let by_group = self.by_group.of(row.by_group(group)).find(|at| state(at) == 0);
        let by_guide = || self.by_guide.of(row.by_guide()?).find(|at| state(at) == 0);
        let Some(at) = by_group.or_else(by_guide) else { return (None, None) };
        if let Some(claim) = self.claimed.get_mut((at - self.first) as usize) {
            *claim = BY_NAME | (position + 1);
        }
        (Some(Claim::Name(at)), None)
    }

    fn take(&mut self, at: u32, position: u32) -> Option<Claim> {
        if let Some(claim) = self.claimed.get_mut((at - self.first) as usize) {
            *claim = position + 1;
        }
        Some(Claim::Identity(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn former(position: u32, name: &str, identity: u64) -> Former {
        Former {
            position,
            channel_id: position.to_string(),
            name: name.into(),
            group: Some(1),
            tvg_id: Some(format!("{name}.tv")),
            number: None,
            identity,
            digest: 0,
        }
    }

    fn row(name: &str, identity: u64) -> Row {
        Row { name: name.into(), identity, tvg_id: Some(format!("{name}.tv")), ..Row::default() }
    }

    #[test]
    fn addresses_first_then_names() {
        let mut list = FormerList::from(5);
        for (n, (name, identity)) in [("a", 1), ("b", 2), ("twin", 3), ("twin", 3)].into_iter().enumerate() {
            list.push(&former(5 + n as u32, name, identity));
        }
        list.finish();
        // Renamed and moved.
        assert_eq!(list.claim(&row("other", 1), Some(9), 0), (Some(Claim::Identity(5)), None));
        // Another address: by name and group, or by name and guide.
        assert_eq!(list.claim(&row("b", 70), Some(1), 1), (Some(Claim::Name(6)), None));
        // The one with the address comes later: it is the channel.
        assert_eq!(list.claim(&row("b", 2), Some(1), 2), (Some(Claim::Identity(6)), Some(1)));
        assert_eq!(list.claim(&row("b", 71), Some(1), 3), (None, None));
        assert_eq!(list.claim(&row("twin", 3), Some(1), 4), (Some(Claim::Identity(7)), None));
        assert_eq!(list.claim(&row("twin", 72), Some(8), 5), (Some(Claim::Name(8)), None));
        assert_eq!(list.claim(&row("new", 73), Some(1), 6), (None, None));
    }
}
