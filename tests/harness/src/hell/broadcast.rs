//! The endless stream of a channel as one connection gets it: access units of looping clips, muxed afresh, spoilt
//! as the channel's behaviour says. Pure but for the clips it loads.

use super::behaviour::{Behaviour, Join};
use super::clip::{self, Clip};
use crate::ts::{self, Elementary, First, PACKET, Packetizer, Pmt};
use anyhow::Result;
use std::sync::Arc;

/// Ticks in a second.
pub const HZ: i64 = 90_000;
/// PCR runs so far ahead of decoding.
const PCR_LEAD: i64 = HZ / 4;
/// PAT and PMT at least so often.
const PSI_EVERY: i64 = HZ / 10;

/// What the channel knows and every connection needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// Ticks added to all timestamps so that the 33-bit clock wraps when it should.
    pub offset: i64,
    /// Version of the PMT.
    pub version: u8,
}

/// A piece of stream that is due at `time` (ticks of the channel's clock).
#[derive(Debug)]
pub struct Step {
    pub time: i64,
    /// Begins with a keyframe of the first programme (audio only: any frame).
    pub key: bool,
    /// The timestamps jump here.
    pub jumped: bool,
    pub bytes: Vec<u8>,
}

struct Programme {
    number: u16,
    pids: u16,
    clip: Arc<Clip>,
    position: i64,
    waits_for_key: bool,
    parameter_sets_sent: bool,
}

/// One connection's view of the channel.
pub struct Broadcast {
    programmes: Vec<Programme>,
    packetizer: Packetizer,
    /// Channel time at which the media of time 0 is due.
    origin: i64,
    /// Media time at which this connection began.
    start: i64,
    /// Added to all timestamps, over what the clock and the behaviour say.
    restamp: i64,
    last_psi: i64,
    last_shift: Option<i64>,
    count: u64,
    trim: usize,
}

fn ticks(seconds: f64) -> i64 {
    (seconds * HZ as f64) as i64
}

impl Broadcast {
    /// Joins at `now` (ticks of the channel's clock). `again`: this client was here before.
    pub fn join(behaviour: &Behaviour, now: i64, again: bool) -> Result<Self> {
        let replay = behaviour.replay.filter(|_| again);
        let back = ticks(replay.map_or(behaviour.burst, |r| r.seconds));
        let (origin, start) = match behaviour.join {
            Join::ClipStart => (now - ticks(behaviour.burst), 0),
            _ => (0, now - back),
        };
        let mut programmes = Vec::new();
        let specs = std::iter::once(&behaviour.clip).chain(&behaviour.second);
        for (index, spec) in specs.enumerate() {
            let clip = clip::load(spec)?;
            let mut position = clip.position(start);
            if behaviour.join == Join::ClipStart {
                position = 0;
            } else if behaviour.join == Join::Keyframe && clip.has_video() {
                while !(clip.at(position).key && clip.at(position).stream == 0) {
                    position -= 1;
                }
            }
            let (number, pids) = (index as u16 + 1, behaviour.pids + index as u16 * 0x40);
            let (waits_for_key, parameter_sets_sent) = (false, false);
            programmes.push(Programme { number, pids, clip, position, waits_for_key, parameter_sets_sent });
        }
        let in_the_middle = behaviour.join == Join::Live && back == 0;
        let counters: Vec<(u16, u8)> =
            (0..0x80).map(|n| (behaviour.pids + n, (now as u16).wrapping_add(n) as u8 & 15)).collect();
        let restamp = match replay {
            Some(replay) if replay.restamped => ticks(77.7) - start,
            _ => 0,
        };
        Ok(Self {
            programmes,
            packetizer: Packetizer::starting_at(&counters),
            origin,
            start,
            restamp,
            last_psi: i64::MIN / 2,
            last_shift: None,
            count: now as u64,
            trim: if in_the_middle { 101 } else { 0 },
        })
    }

    /// The next piece.
    pub fn next(&mut self, behaviour: &Behaviour, clock: Clock) -> Result<Step> {
        self.follow(behaviour)?;
        loop {
            let Some(index) = (0..self.programmes.len()).min_by_key(|&n| {
                let p = &self.programmes[n];
                p.clip.at(p.position).dts
            }) else {
                anyhow::bail!("a stream without programmes");
            };
            if let Some(step) = self.unit(index, behaviour, clock) {
                return Ok(step);
            }
        }
    }

    /// When the next piece is due, and whether a keyframe of the first programme begins it.
    pub fn upcoming(&self) -> (i64, bool) {
        let units = self.programmes.iter().enumerate().map(|(n, p)| (n, p, p.clip.at(p.position)));
        let next = units.min_by_key(|(_, _, unit)| unit.dts);
        next.map_or((i64::MAX, false), |(n, programme, unit)| {
            let picture = unit.stream == 0 || !programme.clip.has_video();
            (unit.dts + self.origin, n == 0 && picture && unit.key)
        })
    }

    /// The next piece begins with PAT and PMT.
    pub fn want_tables(&mut self) {
        self.last_psi = i64::MIN / 2;
    }

    /// Takes over a change of clips or PIDs.
    fn follow(&mut self, behaviour: &Behaviour) -> Result<()> {
        let specs: Vec<_> = std::iter::once(&behaviour.clip).chain(&behaviour.second).collect();
        let time = self.programmes.first().map_or(self.start, |p| p.clip.at(p.position).dts);
        self.programmes.truncate(specs.len());
        for (index, spec) in specs.into_iter().enumerate() {
            let pids = behaviour.pids + index as u16 * 0x40;
            match self.programmes.get_mut(index) {
                Some(programme) if programme.clip.spec == *spec => {
                    if programme.pids != pids {
                        (programme.pids, self.last_psi) = (pids, i64::MIN / 2);
                    }
                }
                _ => {
                    let clip = clip::load(spec)?;
                    let programme = Programme {
                        number: index as u16 + 1,
                        pids,
                        position: clip.position(time),
                        waits_for_key: clip.has_video(),
                        parameter_sets_sent: false,
                        clip,
                    };
                    if index < self.programmes.len() {
                        self.programmes[index] = programme;
                    } else {
                        self.programmes.push(programme);
                    }
                    self.last_psi = i64::MIN / 2;
                }
            }
        }
        Ok(())
    }

    fn unit(&mut self, index: usize, behaviour: &Behaviour, clock: Clock) -> Option<Step> {
        let programme = &mut self.programmes[index];
        let unit = programme.clip.at(programme.position);
        programme.position += 1;
        let stream = &programme.clip.streams[unit.stream];
        let video = stream.video;
        // Who joins at a keyframe begins before now.
        let since = (unit.dts - self.start).max(0);
        let key = unit.key && (video.is_some() || !programme.clip.has_video());
        if programme.waits_for_key {
            if !key {
                return None;
            }
            programme.waits_for_key = false;
        }
        let silent = behaviour.no_audio || since < ticks(behaviour.audio_late);
        if (video.is_none() && silent)
            || (video.is_some() && unit.key && since < ticks(behaviour.no_keyframes))
        {
            return None;
        }
        let mut data = unit.data.clone();
        if let Some(video) = video.filter(|_| behaviour.parameter_sets_once && unit.key) {
            if programme.parameter_sets_sent {
                data = video.without_parameter_sets(&data).into();
            }
            programme.parameter_sets_sent = true;
        }
        let pid = programme.pids + unit.stream as u16;
        let stream_id = stream.stream_id;
        let shift =
            clock.offset + self.restamp + ticks(behaviour.jump) + if self.origin == 0 { 0 } else { 10 * HZ };
        let jumped = self.last_shift.is_some_and(|last| last != shift);
        self.last_shift = Some(shift);
        let mut bytes = Vec::with_capacity(data.len() + 1024);
        if since >= ticks(behaviour.no_psi)
            && (unit.dts - self.last_psi >= PSI_EVERY || (key && video.is_some()))
        {
            self.last_psi = unit.dts;
            self.tables(&mut bytes, clock.version);
        }
        let first = First {
            pcr: (unit.stream == 0).then_some((unit.dts + shift - PCR_LEAD) * 300),
            random_access: behaviour.random_access && unit.key,
            discontinuity: false,
        };
        self.packetizer.pes(&mut bytes, pid, stream_id, (unit.pts + shift, unit.dts + shift), first, &data);
        let mut bytes = self.spoil(bytes, behaviour);
        let trim = std::mem::take(&mut self.trim).min(bytes.len());
        bytes.drain(..trim);
        Some(Step { time: unit.dts + self.origin, key: key && index == 0, jumped, bytes })
    }

    fn tables(&mut self, out: &mut Vec<u8>, version: u8) {
        let pmt_pid = |number: u16| 0x1000 + number * 0x10;
        let list: Vec<(u16, u16)> = self.programmes.iter().map(|p| (p.number, pmt_pid(p.number))).collect();
        self.packetizer.section(out, 0, &ts::pat(&list, version & 31));
        for programme in &self.programmes {
            let streams = programme.clip.streams.iter().enumerate().map(|(index, stream)| Elementary {
                pid: programme.pids + index as u16,
                stream_type: stream.stream_type,
                descriptors: stream.descriptors.clone(),
            });
            let table = Pmt {
                programme: programme.number,
                version: version & 31,
                pcr_pid: programme.pids,
                streams: streams.collect(),
            };
            self.packetizer.section(out, pmt_pid(programme.number), &ts::pmt(&table));
        }
    }

    /// What happens to packets on their way.
    fn spoil(&mut self, bytes: Vec<u8>, behaviour: &Behaviour) -> Vec<u8> {
        let b = behaviour;
        if b.garbage == 0 && b.loss == 0 && b.errors == 0 && b.nulls == 0 && !b.scrambled {
            return bytes;
        }
        let mut out = Vec::with_capacity(bytes.len() + PACKET);
        for packet in bytes.chunks(PACKET) {
            self.count += 1;
            let due = |n: u32| n > 0 && self.count.is_multiple_of(u64::from(n));
            if due(b.loss) {
                continue;
            }
            let at = out.len();
            out.extend_from_slice(packet);
            if b.scrambled && ts::Packet(packet).pid() >= 0x20 && ts::Packet(packet).pid() < 0x1000 {
                out[at + 3] |= 0x80;
                out[at + 30..].iter_mut().for_each(|byte| *byte ^= 0xA5);
            }
            if due(b.errors) {
                out[at + 1] |= 0x80;
                out[at + 50..].iter_mut().for_each(|byte| *byte ^= 0x5A);
            }
            if due(b.nulls) {
                out.extend_from_slice(&ts::null_packet());
            }
            if due(b.garbage) {
                // Now and then with sync bytes in it.
                out.extend(
                    (0..37 + self.count % 200).map(|n| if n % 50 == 7 { 0x47 } else { (n * 31) as u8 }),
                );
            }
        }
        out
    }
}
