//! Which programme of the source is taken: the configured one, else the first with a picture, else the first.

use crate::ts::psi::Sections;
use crate::ts::{Codec, Packet, pat, pmt, pmt::Pmt};

/// Programmes of one source that are looked at.
const MAX_PROGRAMMES: usize = 64;
/// Packets after which programmes whose map has not come are passed over.
const PATIENCE: u32 = 8_000;

/// The source's tables.
#[derive(Default)]
pub(super) struct Programmes {
    wanted: Option<u16>,
    association: Sections,
    table: Vec<(u16, u16)>,
    maps: Vec<(u16, Sections)>,
    known: Vec<Pmt>,
    current: Option<Pmt>,
    packets: u32,
}

impl Programmes {
    pub(super) fn new(wanted: Option<u16>) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Whether a programme was chosen.
    pub(super) fn is_chosen(&self) -> bool {
        self.current.is_some()
    }

    /// Programme numbers of the PAT.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u16> {
        self.table.iter().map(|(number, _)| *number)
    }

    /// PIDs of the maps.
    pub(super) fn map_pids(&self) -> impl Iterator<Item = u16> {
        self.maps.iter().map(|(pid, _)| *pid)
    }

    /// Counts a packet that is not ours, while choosing.
    pub(super) fn wait(&mut self) {
        self.packets = self.packets.saturating_add(1);
    }

    /// Takes a packet of PID 0; true where the table has changed.
    pub(super) fn association(&mut self, packet: &Packet<'_>) -> bool {
        let mut found: Option<(Vec<(u16, u16)>, bool)> = None;
        self.association.push(packet.payload(), packet.starts_unit(), packet.counter(), |section| {
            if let Some(table) = pat::parse(section) {
                let is_only = section.get(7) == Some(&0);
                found = Some((table, is_only));
            }
        });
        let Some((mut table, is_only)) = found else { return false };
        if !is_only {
            // One of several sections: the others' programmes stay.
            let mut all = self.table.clone();
            all.extend(table.iter().filter(|entry| !self.table.contains(entry)));
            table = all;
        }
        table.truncate(MAX_PROGRAMMES);
        if table == self.table {
            return false;
        }
        self.maps.retain(|(pid, _)| table.iter().any(|(_, map)| map == pid));
        for (_, pid) in &table {
            if !self.maps.iter().any(|(known, _)| known == pid) {
                self.maps.push((*pid, Sections::default()));
            }
        }
        self.known.retain(|map| table.iter().any(|(number, _)| *number == map.programme));
        if self.current.as_ref().is_some_and(|map| !table.iter().any(|(number, _)| *number == map.programme))
        {
            self.current = None;
            self.packets = 0;
        }
        self.table = table;
        true
    }

    /// Takes a packet of a map's PID; the chosen programme's map where it is new or has changed.
    pub(super) fn map(&mut self, packet: &Packet<'_>) -> Option<&Pmt> {
        let (_, sections) = self.maps.iter_mut().find(|(pid, _)| *pid == packet.pid())?;
        let (known, table) = (&mut self.known, &self.table);
        let mut changed = false;
        sections.push(packet.payload(), packet.starts_unit(), packet.counter(), |section| {
            let Some(map) = pmt::parse(section) else { return };
            if !table.iter().any(|(number, _)| *number == map.programme) {
                return;
            }
            match known.iter_mut().find(|old| old.programme == map.programme) {
                Some(old) if *old == map => {}
                Some(old) => {
                    *old = map;
                    changed = true;
                }
                None => {
                    known.push(map);
                    changed = true;
                }
            }
        });
        if !changed && self.current.is_some() {
            return None;
        }
        let chosen = match &self.current {
            Some(current) => self.known.iter().find(|map| map.programme == current.programme)?,
            None => self.choose()?,
        };
        if self.current.as_ref() == Some(chosen) {
            return None;
        }
        self.current = Some(chosen.clone());
        self.current.as_ref()
    }

    fn choose(&self) -> Option<&Pmt> {
        let map = |number: u16| self.known.iter().find(|map| map.programme == number);
        if let Some(wanted) = self.wanted
            && self.numbers().any(|number| number == wanted)
        {
            return map(wanted);
        }
        let mut first = None;
        for number in self.numbers() {
            match map(number) {
                Some(map) if map.streams.iter().any(|stream| Codec::of(stream).is_video()) => {
                    return Some(map);
                }
                Some(map) => first = first.or(Some(map)),
                None if self.packets < PATIENCE => return None,
                None => {}
            }
        }
        first
    }
}
