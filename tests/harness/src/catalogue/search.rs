//! Searching without an index: what a query must find, by looking at every name.

use crate::accounts::dice::Dice;

/// Letters that people leave the marks off when they type, and what they type instead. Independent of relais's table:
/// only what the generator's names have.
const FOLDS: [(&str, &str); 34] = [
    ("áàâäãåāăą", "a"),
    ("ÁÀÂÄÃÅĀĂĄ", "a"),
    ("ćčç", "c"),
    ("ĆČÇ", "c"),
    ("ď", "d"),
    ("éèêëēęě", "e"),
    ("ÉÈÊËĒĘĚ", "e"),
    ("ğ", "g"),
    ("íìîïī", "i"),
    ("ÍÌÎÏĪİ", "i"),
    ("ı", "i"),
    ("łĺ", "l"),
    ("Ł", "l"),
    ("ńňñ", "n"),
    ("ŃŇÑ", "n"),
    ("óòôöõőø", "o"),
    ("ÓÒÔÖÕŐØ", "o"),
    ("řŕ", "r"),
    ("Ř", "r"),
    ("śšşș", "s"),
    ("ŚŠŞȘ", "s"),
    ("ß", "ss"),
    ("ťţț", "t"),
    ("ŤŢȚ", "t"),
    ("úùûüūůű", "u"),
    ("ÚÙÛÜŪŮŰ", "u"),
    ("ýÿ", "y"),
    ("źżž", "z"),
    ("ŹŻŽ", "z"),
    ("þÞ", "th"),
    ("ᴴ", "h"),
    ("ᴰ", "d"),
    ("æ", "ae"),
    ("œ", "oe"),
];

/// Without case and marks, blanks single.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match FOLDS.iter().find(|(from, _)| from.contains(c)) {
            Some((_, to)) => folded.push_str(to),
            None if c.is_whitespace() => folded.push(' '),
            None => folded.extend(c.to_lowercase()),
        }
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a folded name has every word of a query somewhere.
pub fn naive(folded_name: &str, query: &str) -> bool {
    fold(query).split(' ').all(|word| folded_name.contains(word))
}

/// Queries as people type them, made of pieces of these names: one to three words in any order, whole or in part, with
/// and without marks, some of one or two letters, some that find nothing.
pub fn queries(seed: u64, names: &[&str], count: usize) -> Vec<String> {
    let usable = |word: &&str| word.chars().all(|c| c.is_alphanumeric() && is_common(c));
    (0..count as u64)
        .map(|number| {
            let mut dice = Dice::new(seed, number, 91);
            let name = dice.pick(names);
            let mut words: Vec<String> = name.split_whitespace().filter(usable).map(str::to_owned).collect();
            for at in (1..words.len()).rev() {
                words.swap(at, dice.below(at as u64 + 1) as usize);
            }
            words.truncate(1 + dice.below(3) as usize);
            for word in &mut words {
                *word = piece(word, &mut dice);
            }
            if words.is_empty() || number % 50 == 49 {
                words.push("qqzx".into());
            }
            words.join(" ")
        })
        .collect()
}

/// Letters about whose folding there is no doubt.
fn is_common(c: char) -> bool {
    c.is_ascii() || FOLDS.iter().take(29).any(|(from, _)| from.contains(c))
}

fn piece(word: &str, dice: &mut Dice) -> String {
    let letters: Vec<char> = word.chars().collect();
    let length = match dice.below(10) {
        0 => 1,
        1 | 2 => 2,
        3..7 => letters.len().min(3 + dice.below(4) as usize),
        _ => letters.len(),
    };
    let from = dice.below((letters.len() - length.min(letters.len())) as u64 + 1) as usize;
    let part: String = letters[from..].iter().take(length).collect();
    match dice.below(3) {
        0 => fold(&part),
        1 => part.to_uppercase(),
        _ => part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_finds() {
        assert_eq!(fold("  Télé  Öresund ᴴᴰ"), "tele oresund hd");
        assert!(naive(&fold("FR| Télé Azur 17 HD"), "hd TELE"));
        assert!(naive(&fold("FR| Télé Azur 17 HD"), "é"));
        assert!(!naive(&fold("FR| Télé Azur 17 HD"), "tele x"));
    }

    #[test]
    fn queries_are_of_all_sorts() {
        let names = ["FR| Télé Azur 17 HD", "The Last River of Paris (1987)", "Żubr 5"];
        let all = queries(1, &names, 500);
        assert_eq!(all, queries(1, &names, 500));
        let words = |n| all.iter().filter(|query| query.split(' ').count() == n).count();
        assert!(words(1) > 100 && words(2) > 50 && words(3) > 50);
        let short = all.iter().filter(|query| query.split(' ').any(|word| word.chars().count() <= 2)).count();
        assert!(short > 100);
        let found = all.iter().filter(|query| names.iter().any(|name| naive(&fold(name), query))).count();
        assert!((480..500).contains(&found), "{found}");
        assert!(all.iter().any(|query| !query.is_ascii()));
    }
}
