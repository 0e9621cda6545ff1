//! One provider's channels in columns, in the order of its list.

use memchr::memmem::Finder;

/// A list has more than fits: 4 GiB of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalogue) struct TooLarge;

/// No group.
pub(super) const NO_GROUP: u32 = u32::MAX;

/// What is kept of each channel in one byte, beside its kind in the lowest two bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::catalogue) struct Flags(pub(in crate::catalogue) u8);

impl Flags {
    const KIND: u8 = 0b11;
    /// Not listed.
    pub(in crate::catalogue) const HIDDEN: u8 = 1 << 2;
    /// A favourite.
    pub(in crate::catalogue) const FAVOURITE: u8 = 1 << 3;
    /// Viewers may not have it.
    pub(in crate::catalogue) const INACTIVE: u8 = 1 << 4;

    pub(in crate::catalogue) fn of(hidden: bool, favourite: bool, is_active: bool) -> u8 {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        flag(hidden, Self::HIDDEN) | flag(favourite, Self::FAVOURITE) | flag(!is_active, Self::INACTIVE)
    }

    pub(in crate::catalogue) fn kind(self) -> u8 {
        self.0 & Self::KIND
    }

    pub(in crate::catalogue) fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }
}

/// What the index holds of a channel.
#[derive(Debug, Clone, Copy)]
pub(in crate::catalogue) struct Entry<'a> {
    pub(in crate::catalogue) channel_id: &'a str,
    /// The name without case and diacritics, as it is shown.
    pub(in crate::catalogue) folded: &'a str,
    pub(in crate::catalogue) group: Option<i64>,
    pub(in crate::catalogue) flags: Flags,
    pub(in crate::catalogue) number: Option<f64>,
}

/// See the module. Immutable once built; 29 bytes a channel and its name.
#[derive(Debug, Default)]
pub(in crate::catalogue) struct List {
    pub(in crate::catalogue) provider: i64,
    pub(in crate::catalogue) generation: i64,
    /// Names, a line feed behind each: no folded name has one.
    text: Vec<u8>,
    /// Where in `text` each name ends.
    ends: Vec<u32>,
    groups: Vec<u32>,
    flags: Vec<Flags>,
    numbers: Vec<f32>,
    /// Hash of the id and position, by hash.
    ids: Vec<(u64, u32)>,
}

impl List {
    pub(in crate::catalogue) fn new(provider: i64, generation: i64) -> Self {
        Self { provider, generation, ..Self::default() }
    }

    /// Appends a channel.
    pub(in crate::catalogue) fn push(&mut self, entry: Entry<'_>) -> Result<(), TooLarge> {
        let position = u32::try_from(self.ends.len()).map_err(|_| TooLarge)?;
        self.text.extend_from_slice(entry.folded.as_bytes());
        self.ends.push(u32::try_from(self.text.len()).map_err(|_| TooLarge)?);
        self.text.push(b'\n');
        self.groups.push(entry.group.and_then(|id| u32::try_from(id).ok()).unwrap_or(NO_GROUP));
        self.flags.push(entry.flags);
        #[allow(clippy::cast_possible_truncation)] // only the order of numbers is asked for
        self.numbers.push(entry.number.map_or(f32::NAN, |number| number as f32));
        self.ids.push((hash_of(entry.channel_id), position));
        Ok(())
    }

    /// To be called once all are there.
    pub(in crate::catalogue) fn finish(mut self) -> Self {
        self.ids.sort_unstable();
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.groups.shrink_to_fit();
        self.flags.shrink_to_fit();
        self.numbers.shrink_to_fit();
        self.ids.shrink_to_fit();
        self
    }

    /// The first channels of another list, to be gone on with.
    pub(in crate::catalogue) fn beginning_of(other: &Self, generation: i64, count: u32) -> Self {
        let n = (count as usize).min(other.len());
        let text = n.checked_sub(1).and_then(|last| other.ends.get(last)).map_or(0, |end| *end as usize + 1);
        let mut ids = vec![(0, 0); n];
        for &(hash, position) in &other.ids {
            if let Some(place) = ids.get_mut(position as usize) {
                *place = (hash, position);
            }
        }
        Self {
            provider: other.provider,
            generation,
            text: other.text[..text].to_vec(),
            ends: other.ends[..n].to_vec(),
            groups: other.groups[..n].to_vec(),
            flags: other.flags[..n].to_vec(),
            numbers: other.numbers[..n].to_vec(),
            ids,
        }
    }

    /// Gives a channel of a list that is being built another id.
    pub(in crate::catalogue) fn rename(&mut self, position: u32, channel_id: &str) {
        if let Some(id) = self.ids.get_mut(position as usize) {
            *id = (hash_of(channel_id), position);
        }
    }

    pub(in crate::catalogue) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The folded name.
    pub(super) fn name(&self, position: u32) -> &[u8] {
        let at = position as usize;
        let begin = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end + 1);
        let end = self.ends.get(at).copied().unwrap_or(begin);
        self.text.get(begin as usize..end as usize).unwrap_or_default()
    }

    pub(super) fn group(&self, position: u32) -> Option<i64> {
        self.groups.get(position as usize).filter(|id| **id != NO_GROUP).map(|id| i64::from(*id))
    }

    pub(in crate::catalogue) fn flags(&self, position: u32) -> Flags {
        self.flags.get(position as usize).copied().unwrap_or_default()
    }

    /// Numbers that are taken, with their channels' kinds.
    pub(in crate::catalogue) fn numbers(&self) -> impl Iterator<Item = (u8, f32)> {
        let kinds = self.flags.iter().map(|flags| flags.kind());
        kinds.zip(self.numbers.iter().copied()).filter(|(_, number)| !number.is_nan())
    }

    pub(super) fn number(&self, position: u32) -> f32 {
        self.numbers.get(position as usize).copied().unwrap_or(f32::NAN)
    }

    /// Positions whose id has that hash.
    pub(in crate::catalogue) fn with_id(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        let first = self.ids.partition_point(|(other, _)| *other < hash);
        self.ids[first..].iter().take_while(move |(other, _)| *other == hash).map(|(_, position)| *position)
    }

    /// Whether a channel's id has that hash.
    pub(in crate::catalogue) fn has_id(&self, hash: u64) -> bool {
        self.with_id(hash).next().is_some()
    }

    /// Hashes of the ids of the first so many.
    pub(in crate::catalogue) fn ids_of(&self, count: u32) -> impl Iterator<Item = u64> + '_ {
        self.ids.iter().filter(move |(_, position)| *position < count).map(|(hash, _)| *hash)
    }

    /// Positions of all names with these bytes in them, in order, until told to stop.
    pub(super) fn with_bytes(&self, finder: &Finder<'_>, mut each: impl FnMut(u32) -> bool) {
        let (mut at, mut position) = (0, 0);
        while let Some(found) = self.text.get(at..).and_then(|rest| finder.find(rest)) {
            let hit = at + found;
            // Hits come in order: the next is mostly not far.
            position += self.ends[position..]
                .iter()
                .take(16)
                .position(|end| *end as usize >= hit)
                .unwrap_or_else(|| self.ends[position..].partition_point(|end| (*end as usize) < hit));
            let Some(end) = self.ends.get(position) else { return };
            #[allow(clippy::cast_possible_truncation)] // fewer than 2^32, see push
            if !each(position as u32) {
                return;
            }
            at = *end as usize + 1;
            position += 1;
        }
    }
}

/// What stands for an id in sets and lists: two ids in a billion pairs of lists share one.
pub(in crate::catalogue) fn hash_of(channel_id: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(channel_id.as_bytes())
}
