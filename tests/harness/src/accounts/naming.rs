//! How indices become names, groups and guide ids: the plain entries, before quirks.
//!
//! Every index has a name of its own; episodes of a show stand together, as in real lists.

use super::dice::{Dice, mix};
use super::words::{BRANDS, COUNTRIES, FIRST, GENRES, LANGUAGES, QUALITIES, SECOND, THEMES, THIRD};

/// A group; panels call it a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The panel's number for it.
    pub number: u64,
    pub name: String,
}

/// Categories of films, and of shows, are numbered from here on.
const MOVIES: u64 = 1000;
const SHOWS: u64 = 2000;

/// Episodes of a season, and of a show.
const SEASON: u64 = 10;
const SHOW: u64 = 40;

/// A title that no other number has (below 2^24), as number and `words` long.
fn title(number: u64) -> (String, u64) {
    let mixed = number.wrapping_mul(0x9E37_79B1) & 0xFF_FFFF;
    let part = |shift: u64| (mixed >> shift & 63) as usize;
    let mut name = String::with_capacity(48);
    name.push_str(FIRST[part(0)]);
    name.push(' ');
    name.push_str(SECOND[part(6)]);
    name.push(' ');
    name.push_str(THIRD[part(12)]);
    (name, mixed >> 18)
}

/// `FR| Canal Nova 17 HD`
pub fn live(seed: u64, index: u64) -> String {
    let mut dice = Dice::new(seed, index, 11);
    let (country, brand) = (country(seed, index), dice.pick(&BRANDS));
    let number = index + 1;
    let quality = dice.pick(&QUALITIES);
    match dice.below(8) {
        0 => format!("{brand} {number}"),
        1 => format!("{country} - {brand} {number} {quality}"),
        2 => format!("|{country}| {brand} {number}"),
        3 => format!("{country}: {brand} {number} {quality}"),
        _ => format!("{country}| {brand} {number} {quality}"),
    }
}

/// Neighbours are of one country.
pub fn country(seed: u64, index: u64) -> &'static str {
    COUNTRIES[(mix(seed, index / 50) & 15) as usize]
}

/// `FR| Sports`
pub fn live_group(seed: u64, index: u64, turn: u64) -> Group {
    let country = mix(seed, index / 50) & 15;
    named(Shelf::Live, country * THEMES.len() as u64 + mix(seed ^ turn, index / 12) % THEMES.len() as u64)
}

/// What a group holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    Live,
    Movies,
    Shows,
}

/// Every group that there can be.
pub fn groups(shelf: Shelf) -> impl Iterator<Item = Group> {
    let count = match shelf {
        Shelf::Live => COUNTRIES.len() * THEMES.len(),
        Shelf::Movies | Shelf::Shows => GENRES.len() * LANGUAGES.len(),
    };
    (0..count as u64).map(move |number| named(shelf, number))
}

fn named(shelf: Shelf, number: u64) -> Group {
    let pair = |width: usize| (number as usize / width, number as usize % width);
    match shelf {
        Shelf::Live => {
            let (country, theme) = pair(THEMES.len());
            Group { number: number + 1, name: format!("{}| {}", COUNTRIES[country], THEMES[theme]) }
        }
        Shelf::Movies => {
            let (genre, language) = pair(LANGUAGES.len());
            let name = format!("VOD | {} [{}]", GENRES[genre], LANGUAGES[language]);
            Group { number: MOVIES + number, name }
        }
        Shelf::Shows => {
            let (genre, language) = pair(LANGUAGES.len());
            let name = format!("SERIES | {} [{}]", GENRES[genre], LANGUAGES[language]);
            Group { number: SHOWS + number, name }
        }
    }
}

/// `canalnova17.fr`; three of ten have none.
pub fn guide_id(seed: u64, index: u64) -> Option<String> {
    let mut dice = Dice::new(seed, index, 12);
    if dice.below(10) < 3 {
        return None;
    }
    let mut id = String::with_capacity(24);
    id.extend(dice.pick(&BRANDS).chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
    Some(format!("{id}{}.{}", index + 1, country(seed, index).to_ascii_lowercase()))
}

/// `FR - The Last River of Paris (1987)`
pub fn movie(seed: u64, index: u64) -> String {
    let mut dice = Dice::new(seed, index, 13);
    let (title, year) = title(index);
    let year = 1960 + year;
    let language = dice.pick(&LANGUAGES);
    match dice.below(4) {
        0 => format!("{title} ({year})"),
        1 => format!("{language} - {title} ({year}) {}", dice.pick(&QUALITIES)),
        2 => format!("{title} - {year}"),
        _ => format!("{language} - {title} ({year})"),
    }
}

pub fn movie_group(seed: u64, index: u64, turn: u64) -> Group {
    named(Shelf::Movies, mix(seed ^ turn ^ 0x51, index / 30) & 127)
}

/// A show's title.
pub fn show(number: u64) -> String {
    let (title, year) = title(number);
    // Two shows may share three words; the year tells them apart.
    if year == 0 { title } else { format!("{title} {}", 1960 + year) }
}

/// `The Last River of Paris 1987 S02 E07`
pub fn episode(seed: u64, index: u64) -> String {
    let (season, number) = (index % SHOW / SEASON + 1, index % SEASON + 1);
    let show = show(index / SHOW);
    if mix(seed, index / SHOW) & 1 == 0 {
        format!("{show} S{season:02} E{number:02}")
    } else {
        format!("{show} S{season:02}E{number:02}")
    }
}

pub fn show_group(seed: u64, index: u64, turn: u64) -> Group {
    named(Shelf::Shows, mix(seed ^ turn ^ 0x77, index / 20) & 127)
}

/// All episodes of a show are in its group.
pub fn episode_group(seed: u64, index: u64, turn: u64) -> Group {
    show_group(seed, index / SHOW, turn)
}

/// `mkv`, `mp4`, `avi`
pub fn container(seed: u64, index: u64) -> &'static str {
    ["mkv", "mp4", "mkv", "avi"][(mix(seed ^ 3, index) & 3) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique() {
        let mut seen = HashSet::new();
        for index in 0..20_000 {
            assert!(seen.insert(live(1, index)), "{}", live(1, index));
            assert!(seen.insert(movie(1, index)), "{}", movie(1, index));
            assert!(seen.insert(episode(1, index)), "{}", episode(1, index));
        }
        let shows: HashSet<_> = (0..50_000).map(show).collect();
        assert_eq!(shows.len(), 50_000);
        assert!(episode(1, 47).contains(" S01"));
        for shelf in [Shelf::Live, Shelf::Movies, Shelf::Shows] {
            let all: HashSet<_> = groups(shelf).map(|group| group.name).collect();
            let numbers: HashSet<_> = groups(shelf).map(|group| group.number).collect();
            assert_eq!(all.len(), numbers.len());
        }
        assert_eq!(guide_id(1, 5), guide_id(1, 5));
    }
}
