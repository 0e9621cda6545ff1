//! What things are called in lists of Europe: brands, titles, countries, groups. No word here is a hint at a kind
//! (film, series, radio …) that the thing is not.

/// Sixty-four broadcasters that don't exist.
#[rustfmt::skip]
pub const BRANDS: [&str; 64] = [
    "Canal Nova", "Télé Azur", "Rai Lago", "Nordlys", "TV Öresund", "Česká Vlna", "Antena Pátria",
    "La Mañana", "Sport Extra", "Eurosonic", "Horizon", "Panorama", "Première", "Arté Nord", "France Été",
    "Belgique Une", "Grünwelt", "Süd Aktuell", "Das Neunte", "ProAlpen", "Kanał Polska", "Łódź TV", "Żubr",
    "Duna Világ", "Magyar Kör", "România Azi", "Știri Live", "Balkan Info", "Hellas Nea", "Thrace One",
    "Ege Haber", "İstanbul Canlı", "Şehir", "Gulf News", "Levant", "Maghreb Plus", "Atlas", "Sahara One",
    "Lagos Live", "Cape View", "Mumbai Now", "Bharat 24", "Dhaka Today", "Lanka", "Nippon Wave",
    "Seoul Beat", "Manila Prime", "Pacific", "Aotearoa", "Outback", "Great Lakes", "Prairie", "Bay City",
    "Gotham News", "Rio Verde", "São Paulo Hoje", "El Cóndor", "Ñandú", "Caribe", "Québec Matin",
    "Nordic Sky", "Ísland", "Þór", "Faroe Eye",
];

/// Sixty-four beginnings of titles.
#[rustfmt::skip]
pub const FIRST: [&str; 64] = [
    "The Last", "The Silent", "A Broken", "Le Grand", "La Petite", "Der Letzte", "Die Stille", "El Gran",
    "La Última", "Il Vecchio", "O Último", "Ostatni", "Den Sista", "Den Store", "Poslední", "Az Utolsó",
    "Golden", "Silver", "Crimson", "Midnight", "Distant", "Hidden", "Frozen", "Burning", "Lonely", "Savage",
    "Gentle", "Secret", "Forgotten", "Endless", "Paper", "Glass", "Iron", "Velvet", "Electric", "Hollow",
    "Northern", "Southern", "Wild", "Young", "Rouge", "Été", "Forêt", "Über", "Große", "Schöne", "Niño",
    "Corazón", "Ação", "Irmão", "Źródło", "Święty", "Kötet", "Ölüm", "Aşk", "Güneş", "Blue", "Dark",
    "Bright", "Empty", "Second", "Third", "Seven", "Eleven",
];

/// Sixty-four middles.
#[rustfmt::skip]
pub const SECOND: [&str; 64] = [
    "River", "Garden", "Train", "Hour", "Letter", "Promise", "Winter", "Harbour", "Mirror", "Forest",
    "Dancer", "Soldier", "Widow", "Stranger", "Sister", "Brother", "Teacher", "Captain", "Thief", "Angel",
    "Wolf", "Horse", "Bird", "Rose", "Storm", "Fire", "Stone", "Bridge", "Castle", "House", "Road",
    "Island", "Voyage", "Étoile", "Fenêtre", "Frère", "Mère", "Château", "Straße", "Mädchen", "König",
    "Nächte", "Montaña", "Sueño", "Canción", "Coração", "Manhã", "Città", "Notte", "Księżyc", "Morze",
    "Fjäll", "Ångström", "Řeka", "Žena", "Erdő", "Deniz", "Gece", "Machine", "Signal", "Shadow", "Echo",
    "Kingdom", "Frontier",
];

/// Sixty-four ends.
#[rustfmt::skip]
pub const THIRD: [&str; 64] = [
    "of Paris", "of Lisbon", "in Vienna", "in Prague", "at Dawn", "at Dusk", "Returns", "Forever", "Again",
    "Rising", "Falling", "Unbound", "Reborn", "and I", "and Me", "for Two", "for Nobody", "of Glass",
    "of Ash", "of Salt", "of Love", "of War", "de Nuit", "du Nord", "d’Été", "en Mai", "sans Fin",
    "im Schnee", "am Meer", "ohne Namen", "del Mar", "del Sur", "sin Fin", "do Rio", "da Noite",
    "senza Fine", "nad Wisłą", "i Skogen", "på Hösten", "v Praze", "a Hegyen", "ve Deniz", "Part Two",
    "Part Three", "2.0", "3000", "II", "III", "IV", "Origins", "Legacy", "Zero", "One", "Nine",
    "Undercover", "Online", "Inc.", "& Sons", "Street", "Avenue", "Express", "Protocol", "Paradox",
    "Effect",
];

/// Country marks as providers write them before names.
#[rustfmt::skip]
pub const COUNTRIES: [&str; 16] = [
    "FR", "UK", "DE", "ES", "IT", "PT", "PL", "NL", "SE", "TR", "GR", "RO", "US", "CA", "BR", "AR",
];

#[rustfmt::skip]
pub const QUALITIES: [&str; 8] = [
    "HD", "FHD", "UHD", "4K", "SD", "HEVC", "RAW", "50FPS",
];

/// Themes of live groups.
#[rustfmt::skip]
pub const THEMES: [&str; 12] = [
    "Généraliste", "News", "Sports", "Enfants", "Musique", "Documentaires", "Regional", "Lifestyle",
    "Religión", "Économie", "Hobby", "24/7",
];

#[rustfmt::skip]
pub const GENRES: [&str; 16] = [
    "Action", "Comedy", "Drama", "Thriller", "Horror", "Romance", "Animation", "Family", "Western", "War",
    "Crime", "Fantasy", "Science Fiction", "Musical", "Biography", "Sport",
];

#[rustfmt::skip]
pub const LANGUAGES: [&str; 8] = [
    "EN", "FR", "DE", "ES", "IT", "PT", "PL", "MULTI",
];

/// Names that are read from right to left, with room for a number at the end.
#[rustfmt::skip]
pub const RIGHT_TO_LEFT: [&str; 4] = [
    "الجزيرة الإخبارية", "قناة السماء", "ערוץ החדשות", "شبکه خبر",
];

#[rustfmt::skip]
pub const EMOJIS: [&str; 6] = [
    "⚽", "🎬", "📺", "🏆", "🇫🇷", "👨‍👩‍👧",
];
