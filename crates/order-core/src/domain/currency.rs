//! ISO 4217 currencies and how many digits their minor unit has.

use std::fmt;

/// A currency of ISO 4217 (list one, without the codes for funds, metals and testing).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Codes by the digits of their minor unit, sorted; the rest has two.
const EXPONENT_0: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const EXPONENT_3: &str = "BHD IQD JOD KWD LYD OMR TND";
const EXPONENT_4: &str = "CLF UYW";
const EXPONENT_2: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN \
    BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL \
    GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR \
    LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB \
    PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP \
    SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

impl Currency {
    /// The currency with this code, upper case.
    pub fn parse(code: &str) -> Option<Currency> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        let currency = Currency(code);
        currency.find_exponent().map(|_| currency)
    }

    /// The code, such as `EUR`.
    pub fn code(&self) -> &str {
        // Only codes of the tables, which are ASCII, get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Digits of the minor unit: 0, 2, 3 or 4. An amount of 1050 is 10.50 EUR, 1050 JPY, 1.050 KWD.
    pub fn exponent(self) -> u32 {
        self.find_exponent().unwrap_or(2)
    }

    /// Every code, for schemas and documentation.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        [EXPONENT_0, EXPONENT_2, EXPONENT_3, EXPONENT_4]
            .into_iter()
            .flat_map(str::split_ascii_whitespace)
    }

    fn find_exponent(self) -> Option<u32> {
        [
            (2, EXPONENT_2),
            (0, EXPONENT_0),
            (3, EXPONENT_3),
            (4, EXPONENT_4),
        ]
        .into_iter()
        .find(|(_, table)| stands_in(table, self.0))
        .map(|(exponent, _)| exponent)
    }
}

/// Codes stand four bytes apart: a scan of at most 600 bytes without a branch a letter.
fn stands_in(table: &str, code: [u8; 3]) -> bool {
    code.iter().all(u8::is_ascii_uppercase)
        && table
            .as_bytes()
            .chunks(4)
            .any(|chunk| chunk.starts_with(&code))
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_of_the_table() {
        for (code, exponent) in [
            ("EUR", 2),
            ("JPY", 0),
            ("KWD", 3),
            ("CLF", 4),
            ("ZWG", 2),
            ("XPF", 0),
        ] {
            assert_eq!(
                Currency::parse(code).map(Currency::exponent),
                Some(exponent),
                "{code}"
            );
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for code in [
            "", "eur", "EU", "EURO", "XXX", "XTS", "D A", "UR ", "\u{20ac}",
        ] {
            assert_eq!(Currency::parse(code), None, "{code:?}");
        }
    }

    #[test]
    fn every_listed_code_parses_to_itself() {
        let codes: Vec<_> = Currency::codes().collect();
        assert!(codes.len() > 150);
        for code in codes {
            assert_eq!(Currency::parse(code).unwrap().code(), code);
        }
    }
}
