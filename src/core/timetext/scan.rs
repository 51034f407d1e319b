//! Which pieces is a date text made of? A cursor over normalised text: numbers, clocks, zones,
//! weekdays.

use chrono::FixedOffset;

use super::{Clock, Grain};

/// Full-width forms, odd spaces and traditional characters as their plain simplified forms.
pub(super) fn normalise(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => {
                char::from_u32(u32::from(c) - 0xfee0).expect("full-width forms mirror ASCII")
            }
            '剛' => '刚',
            '鐘' | '鍾' => '钟',
            '時' => '时',
            '週' => '周',
            '個' => '个',
            '點' => '点',
            '號' => '号',
            '兩' => '两',
            '數' => '数',
            '幾' => '几',
            '禮' => '礼',
            '–' | '—' | '−' | '‑' => '-',
            c if c.is_whitespace() || c == '\u{200b}' || c == '\u{feff}' => ' ',
            c => c,
        })
        .collect()
}

/// What is left to read.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Is everything read (spaces aside)?
    pub(super) fn done(&self) -> bool {
        self.rest.trim_start().is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Eats exactly this text.
    pub(super) fn eat(&mut self, what: &str) -> bool {
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Eats the first of these that stands here (write longer ones first).
    pub(super) fn eat_any(&mut self, what: &[&'static str]) -> Option<&'static str> {
        what.iter().copied().find(|candidate| self.eat(candidate))
    }

    /// A run of `min..=max` ASCII digits that is not longer.
    pub(super) fn digits(&mut self, min: usize, max: usize) -> Option<u32> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if length < min || length > max || length > 9 {
            return None;
        }
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits.parse().ok()
    }

    /// A run of ASCII letters, as written.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let length = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        (length > 0).then_some(word)
    }

    /// A number in digits or in Chinese numerals (up to 99).
    pub(super) fn number(&mut self) -> Option<u32> {
        if let Some(number) = self.digits(1, 6) {
            return Some(number);
        }
        let mut tens: Option<u32> = None;
        let mut ones: Option<u32> = None;
        while let Some(c) = self.peek() {
            match (c, numeral(c)) {
                ('十', _) if tens.is_none() => tens = Some(ones.take().unwrap_or(1)),
                (_, Some(value)) if ones.is_none() => ones = Some(value),
                _ => break,
            }
            self.rest = &self.rest[c.len_utf8()..];
        }
        match (tens, ones) {
            (None, None) => None,
            (tens, ones) => Some(tens.unwrap_or(0) * 10 + ones.unwrap_or(0)),
        }
    }

    /// The number of a weekday, Monday = 0: `星期三`, `周日`, `礼拜天`.
    pub(super) fn weekday(&mut self) -> Option<u32> {
        let before = *self;
        if self.eat_any(&["星期", "礼拜", "周"]).is_some()
            && let Some(c) = self.peek()
        {
            let number = match c {
                '日' | '天' | '七' | '7' => Some(6),
                '1'..='6' => c.to_digit(10).map(|digit| digit - 1),
                '一' | '二' | '三' | '四' | '五' | '六' => numeral(c).map(|value| value - 1),
                _ => None,
            };
            if let Some(number) = number {
                self.rest = &self.rest[c.len_utf8()..];
                return Some(number);
            }
        }
        *self = before;
        None
    }

    /// Skips a Chinese weekday beside a date: it adds nothing and is often wrong.
    pub(super) fn skip_weekday(&mut self) {
        self.spaces();
        let before = *self;
        let bracket = self.eat("(") || self.eat("[");
        if self.weekday().is_none() || (bracket && !(self.eat(")") || self.eat("]"))) {
            *self = before;
        }
        self.spaces();
        self.eat(",");
        self.spaces();
    }

    /// A clock, with what may stand between it and the date: `T`, `-`, spaces, 上午.
    pub(super) fn clock(&mut self) -> Option<Clock> {
        self.spaces();
        let _ = self.eat("T") || self.eat("t") || self.eat("-");
        self.spaces();
        let period = self.period();
        self.spaces();
        let (hour, minute, second, grain) = self.fields()?;
        let before = *self;
        self.spaces();
        let half = match self.word() {
            Some(word) if word.eq_ignore_ascii_case("am") => Some(Period::Morning),
            Some(word) if word.eq_ignore_ascii_case("pm") => Some(Period::Afternoon),
            _ => {
                *self = before;
                period
            }
        };
        Clock::new(half.map_or(Some(hour), |period| period.shift(hour))?, minute, second, grain)
    }

    /// Hour, minute, second and how exactly they were written.
    fn fields(&mut self) -> Option<(u32, u32, u32, Grain)> {
        let before = *self;
        if let Some(hour) = self.digits(1, 2)
            && self.eat(":")
        {
            let minute = self.digits(2, 2)?;
            if !self.eat(":") {
                return Some((hour, minute, 0, Grain::Minute));
            }
            let second = self.digits(2, 2)?;
            let mut fraction = *self;
            if (fraction.eat(".") || fraction.eat(",")) && fraction.digits(1, 9).is_some() {
                *self = fraction;
            }
            return Some((hour, minute, second, Grain::Second));
        }
        *self = before;
        let hour = self.number()?;
        self.eat_any(&["点钟", "点", "时"])?;
        if self.eat("半") {
            return Some((hour, 30, 0, Grain::Minute));
        }
        let Some(minute) = self.number() else {
            self.eat("整");
            return Some((hour, 0, 0, Grain::Hour));
        };
        if !self.eat("分") {
            return Some((hour, minute, 0, Grain::Minute));
        }
        let before = *self;
        match self.number() {
            Some(second) if self.eat("秒") => Some((hour, minute, second, Grain::Second)),
            _ => {
                *self = before;
                Some((hour, minute, 0, Grain::Minute))
            }
        }
    }

    /// A Chinese part of the day.
    pub(super) fn period(&mut self) -> Option<Period> {
        let word = self.eat_any(&[
            "上午", "早上", "早晨", "清晨", "凌晨", "下午", "傍晚", "晚上", "夜里", "深夜", "中午",
            "早", "晚", "晨",
        ])?;
        Some(match word {
            "下午" | "傍晚" => Period::Afternoon,
            "晚上" | "夜里" | "深夜" | "晚" => Period::Night,
            "中午" => Period::Noon,
            _ => Period::Morning,
        })
    }

    /// What stands behind a clock: nothing (`Some(None)`), a zone, or something unknown (`None`).
    pub(super) fn zone(&mut self) -> Option<Option<FixedOffset>> {
        self.spaces();
        let zone = self.zone_name()?;
        self.spaces();
        if self.peek() == Some('(') && self.rest.ends_with(')') {
            self.rest = "";
        } else if zone.is_some() {
            // Go writes `+0800 CST`: the number has said it already.
            let before = *self;
            if self.word().is_none_or(|word| word.len() > 5) {
                *self = before;
            }
        }
        Some(zone)
    }

    fn zone_name(&mut self) -> Option<Option<FixedOffset>> {
        let hours = |hours: i32| Some(FixedOffset::east_opt(hours * 3600));
        match self.peek() {
            Some('+' | '-') => return self.offset().map(Some),
            Some(c) if c.is_ascii_alphabetic() => {}
            Some('北') if self.eat("北京时间") => return hours(8),
            None | Some(_) => return Some(None),
        }
        if self.eat("Asia/") {
            return match self.word()? {
                "Shanghai" | "Beijing" | "Chongqing" | "Urumqi" | "Macau" => hours(8),
                word => {
                    (word == "Hong" && self.eat("_Kong")).then(|| FixedOffset::east_opt(28_800))
                }
            };
        }
        let word = self.word()?.to_ascii_uppercase();
        match word.as_str() {
            "Z" | "UTC" | "GMT" | "UT" => match self.peek() {
                Some('+' | '-') => self.offset().map(Some),
                _ => hours(0),
            },
            // On Chinese sites CST is China's, never the one of Chicago.
            "CST" | "BJT" | "PRC" | "HKT" => hours(8),
            "JST" | "KST" => hours(9),
            "EST" | "CDT" => hours(-5),
            "EDT" => hours(-4),
            "MST" | "PDT" => hours(-7),
            "MDT" => hours(-6),
            "PST" => hours(-8),
            _ => None,
        }
    }

    /// `+8`, `+08`, `+0800`, `+08:00`; at most 14 hours.
    fn offset(&mut self) -> Option<FixedOffset> {
        let sign = if self.eat("-") { -1 } else { self.eat("+").then_some(1)? };
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = i32::try_from(self.digits(1, 4)?).ok()?;
        let (hours, mut minutes) =
            if length <= 2 { (number, 0) } else { (number / 100, number % 100) };
        if length <= 2 && self.eat(":") {
            minutes = i32::try_from(self.digits(2, 2)?).ok()?;
        }
        (hours <= 14 && minutes < 60).then_some(())?;
        FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
    }
}

/// Part of a day: says which half a small hour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Morning,
    Noon,
    Afternoon,
    Night,
}

impl Period {
    /// The hour of 24 that an hour of this part means; 24 = the midnight that ends the day.
    fn shift(self, hour: u32) -> Option<u32> {
        match self {
            Self::Morning if hour == 12 => Some(0),
            Self::Noon if hour < 5 => Some(hour + 12),
            Self::Afternoon if hour < 12 => Some(hour + 12),
            Self::Night if hour == 12 => Some(24),
            Self::Night if (5..12).contains(&hour) => Some(hour + 12),
            _ => (hour <= 24).then_some(hour),
        }
    }
}

/// The value of one Chinese numeral below ten.
fn numeral(c: char) -> Option<u32> {
    Some(match c {
        '零' | '〇' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}
