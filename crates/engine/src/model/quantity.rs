//! Exact Kubernetes quantities (`k8s.io/apimachinery/pkg/api/resource`): `500m`, `1.5Gi`, `1e3`.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

use crate::syntax::Str;

/// A quantity: its text as received, and its exact value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity<'a> {
    text: Str<'a>,
    nanos: Option<i128>,
}

impl<'a> Quantity<'a> {
    /// Reads a quantity; one that is none has no value.
    pub fn new(text: Str<'a>) -> Self {
        let nanos = parse(&text);
        Self { text, nanos }
    }

    /// Returns the value in billionths, rounded up to one as the API server does, and saturated; `None` if it is no quantity.
    pub fn nanos(&self) -> Option<i128> {
        self.nanos
    }

    /// Returns the value as the API server keeps it of a resource: rounded up to thousandths (`SetDefaults_ResourceList`), whatever the
    /// resource is; `None` if it is no quantity.
    pub fn amount(&self) -> Option<Amount> {
        self.nanos.map(|nanos| Amount(nanos).in_thousandths())
    }
}

const NANOS_IN_A_THOUSANDTH: i128 = 1_000_000;

/// The value of a quantity, in billionths, apart from how it was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub i128);

impl Amount {
    /// Returns whether it is zero.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns the amount, rounded away from zero to whole thousandths.
    fn in_thousandths(self) -> Self {
        let rest = self.0 % NANOS_IN_A_THOUSANDTH;
        let step = if rest == 0 { 0 } else { rest.signum() * NANOS_IN_A_THOUSANDTH };
        Self((self.0 - rest).saturating_add(step))
    }

    /// Returns whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Returns whether it is a whole number.
    pub fn is_whole(self) -> bool {
        self.0 % (1000 * NANOS_IN_A_THOUSANDTH) == 0
    }

    /// Returns the value in thousandths, rounded down and saturated.
    pub fn thousandths(self) -> i64 {
        let thousandths = self.0.div_euclid(NANOS_IN_A_THOUSANDTH);
        i64::try_from(thousandths).unwrap_or(if thousandths < 0 { i64::MIN } else { i64::MAX })
    }

    /// Returns the sum, saturated.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// As a quantity with the suffix that makes it shortest: `1500m`, `2`, `1536Mi`, `5G`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ONE: u128 = 1_000_000_000;
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        // Nothing that the API server accepts is as large as this; the value is saturated.
        if nanos >= i128::MAX.unsigned_abs() {
            return write!(f, "{sign}1e29 or more");
        }
        let binary = (1..=6).rev().zip(["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"]).map(|(power, s)| (ONE << (10 * power), s));
        let decimal = ["E", "P", "T", "G", "M", "k", "", "m", "u", "n"];
        let decimal = (0..=9).rev().zip(decimal).map(|(power, s)| (1000_u128.pow(power), s));
        let whole = binary.chain(decimal).filter(|(unit, _)| nanos != 0 && nanos.is_multiple_of(*unit));
        let (number, suffix) =
            whole.map(|(unit, s)| (nanos / unit, s)).min_by_key(|(number, _)| *number).unwrap_or((0, ""));
        write!(f, "{sign}{number}{suffix}")
    }
}

/// As received.
impl fmt::Display for Quantity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Quantity<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Quantity<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Quantity::new(text.into()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Str::deserialize(de::value::StrDeserializer::new(text)).map(Quantity::new)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
                self.visit_str(&number.to_string())
            }
        }

        deserializer.deserialize_any(Text)
    }
}

type Resource<'a> = (Str<'a>, Quantity<'a>);

/// Resources by name, in the order received; `null` is empty. The first two, mostly processor and memory and nothing else, take
/// no memory of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceList<'a> {
    first: [Option<Resource<'a>>; 2],
    more: Vec<Resource<'a>>,
}

impl<'a> ResourceList<'a> {
    fn all(&self) -> impl DoubleEndedIterator<Item = &Resource<'a>> {
        self.first.iter().flatten().chain(&self.more)
    }

    fn push(&mut self, resource: Resource<'a>) {
        match self.first.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(resource),
            None => self.more.push(resource),
        }
    }

    /// Returns the quantity of the resource `name`; the last, as the API server takes it.
    pub fn get(&self, name: &str) -> Option<&Quantity<'a>> {
        self.all().rfind(|(known, _)| *known == name).map(|(_, quantity)| quantity)
    }

    /// Returns all resources.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Quantity<'a>)> {
        self.all().map(|(name, quantity)| (&**name, quantity))
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ResourceList<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Resources;

        impl<'de> Visitor<'de> for Resources {
            type Value = ResourceList<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of quantities")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(ResourceList::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut resources = ResourceList::default();
                while let Some((name, quantity)) = access.next_entry::<Str<'de>, Option<Quantity<'de>>>()? {
                    if let Some(quantity) = quantity {
                        resources.push((name, quantity));
                    }
                }
                Ok(resources)
            }
        }

        deserializer.deserialize_any(Resources)
    }
}

/// `[+-] digits [. digits] suffix`, in billionths. As the API server reads it, blanks around it do not count, and without any digit it
/// is 0: `m` and `.` are quantities.
fn parse(text: &str) -> Option<i128> {
    let text = text.trim_matches(' ');
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    // value = whole.fraction × 2^binary × 10^decimal
    let (binary, decimal) = scale(suffix)?;
    // More digits than matter would only overflow; 60 of them already mean "more than anything".
    let significant = whole.trim_start_matches('0');
    if significant.len() > 30 {
        return Some(if negative { i128::MIN } else { i128::MAX });
    }
    let kept = fraction.get(..fraction.len().min(18)).unwrap_or_default();
    let cut = fraction.get(kept.len()..).is_some_and(|rest| rest.bytes().any(|byte| byte != b'0'));
    let digits = significant.bytes().chain(kept.bytes()).map(|digit| i128::from(digit.wrapping_sub(b'0')));
    let mantissa = digits.fold(0_i128, |number, digit| number.saturating_mul(10).saturating_add(digit));
    let exponent = decimal + 9 - i32::try_from(kept.len()).ok()?;
    let scaled = mantissa.saturating_mul(1_i128.checked_shl(binary)?);
    let power = usize::try_from(exponent.unsigned_abs()).ok().and_then(|power| POWERS_OF_TEN.get(power)).copied();
    let magnitude = if exponent >= 0 {
        power.map_or(if scaled == 0 { 0 } else { i128::MAX }, |factor| scaled.saturating_mul(factor))
    } else {
        let divisor = power.unwrap_or(i128::MAX);
        // Rounded away from zero, as the API server does beyond its precision.
        scaled / divisor + i128::from(scaled % divisor != 0 || cut)
    };
    Some(if negative { magnitude.saturating_neg() } else { magnitude })
}

/// As many as there are of this type.
#[expect(clippy::indexing_slicing, reason = "done by the compiler")]
const POWERS_OF_TEN: [i128; 39] = {
    let (mut powers, mut power) = ([1; 39], 1);
    while power < powers.len() {
        powers[power] = 10 * powers[power - 1];
        power += 1;
    }
    powers
};

/// Returns powers of two and ten that a suffix stands for.
fn scale(suffix: &str) -> Option<(u32, i32)> {
    Some(match suffix {
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "" => (0, 0),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            (0, exponent.clamp(-1000, 1000))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> Option<i128> {
        Quantity::new(text.into()).nanos()
    }

    #[test]
    fn equal_however_written() {
        for (one, other) in [
            ("0.5", "500m"),
            ("1", "1000m"),
            ("1e3", "1k"),
            ("1.5Gi", "1536Mi"),
            ("1E", "1e18"),
            ("-1", "-1000m"),
            ("+1", "1"),
            (".5", "0.5"),
            ("5.", "5"),
            (" 1Gi ", "1Gi"),
            ("m", "0"),
            (".", "0"),
            ("-", "0"),
        ] {
            assert!(nanos(one).is_some() && nanos(one) == nanos(other), "{one} {other}");
        }
        assert!(nanos("1Gi") > nanos("1G"));
        assert_eq!((nanos("1n"), nanos("0.1n"), nanos("0")), (Some(1), Some(1), Some(0)));
    }

    #[test]
    fn amounts_are_written_exactly_and_short() {
        for (text, written) in [
            ("0", "0"),
            ("2", "2"),
            ("1.5", "1500m"),
            ("0.0001", "100u"),
            ("1n", "1n"),
            ("1000m", "1"),
            ("1.5Gi", "1536Mi"),
            ("2Gi", "2Gi"),
            ("1025", "1025"),
            ("128974848", "123Mi"),
            ("129e6", "129M"),
            ("5G", "5G"),
            ("1e18", "1E"),
            ("16Ei", "16Ei"),
            ("-0.5", "-500m"),
            ("1e999", "1e29 or more"),
        ] {
            let amount = Amount(nanos(text).unwrap());
            assert_eq!(amount.to_string(), written, "{text}");
            if !written.contains("or more") {
                assert_eq!(nanos(written), Some(amount.0), "{text} is read back");
            }
        }
        assert_eq!(Amount(i128::MAX).plus(Amount(1)), Amount(i128::MAX));
    }

    #[test]
    fn resources_are_kept_in_thousandths() {
        for (text, kept) in [
            ("1501u", "2m"),
            ("1.5m", "2m"),
            ("1n", "1m"),
            ("2m", "2m"),
            ("0", "0"),
            ("1.0001", "1001m"),
            ("-1501u", "-2m"),
            ("1Gi", "1Gi"),
            ("1e999", "1e29 or more"),
        ] {
            assert_eq!(Quantity::new(text.into()).amount().unwrap().to_string(), kept, "{text}");
        }
        let whole = |text: &str| Quantity::new(text.into()).amount().unwrap().is_whole();
        assert!(whole("2") && whole("2000m") && whole("-1") && !whole("0.5") && !whole("1n"));
    }

    #[test]
    fn what_is_none() {
        for text in ["", " ", "x", "1x", "1 Gi", "1gi", "512mb", "1K", "1.2.3", "0,5", "1e", "1e1.5", "--1", "１"] {
            assert_eq!(nanos(text), None, "{text:?}");
        }
    }

    #[test]
    fn large_ones_saturate() {
        let nines = "9".repeat(500);
        assert_eq!(nanos(&nines), Some(i128::MAX));
        assert!(nanos("99999999999999999999Ei").is_some() && nanos("1e999").is_some() && nanos("1e-999").is_some());
        assert_eq!(nanos(&format!("0.{}", "0".repeat(500))), Some(0));
        assert_eq!(nanos(&format!("0.{}1", "0".repeat(500))), Some(1));
    }

    #[test]
    fn numbers_and_strings_from_json() {
        let list: ResourceList = serde_json::from_str(r#"{"cpu": 1, "memory": "1Gi", "x": 0.5, "y": null}"#).unwrap();
        assert_eq!(list.get("cpu").unwrap().nanos(), Some(1_000_000_000));
        assert_eq!(list.get("x").unwrap().to_string(), "0.5");
        assert_eq!(list.iter().count(), 3);
    }
}
