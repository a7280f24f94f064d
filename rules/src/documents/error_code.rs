//! The codes under which an API client is told what is wrong (error codes of the public APIs that
//! the documents mirror). Owns only the list.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident => $text:literal, $status:literal;)+) => {
        /// A code of an error in a document, as the API says it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)+
        }

        impl ErrorCode {
            /// All codes.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$name),+];

            /// The code as the API writes it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The status of an HTTP answer with this code.
            pub fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)+
                }
            }
        }
    };
}

codes! {
    /// A configuration has neither a filter template nor processing codes to filter.
    Ebcf0320 => "EBCF0320", 400;
    /// A configuration has both filters and a filter template.
    Ebcf0321 => "EBCF0321", 400;
    /// The filter template is not known.
    Ebcf0317 => "EBCF0317", 404;
    /// The program or the account is not a whole number.
    Wblc0020 => "WBLC0020", 400;
    /// A status of accounts with this name exists already.
    Eacc0018 => "EACC0018", 409;
    /// An over-limit document is invalid.
    Bw0008 => "BW0008", 400;
    /// A target has an over-limit record already.
    Bw0032 => "BW0032", 409;
    /// A rule model is invalid.
    Pc0001 => "PC0001", 400;
    /// An amount is linked twice in one flow.
    Etrc04003 => "ETRC04003", 400;
    /// A transaction type is linked twice in one flow.
    Etrc04004 => "ETRC04004", 400;
    /// A flow has both the principal and the contract amount.
    Etrc04005 => "ETRC04005", 400;
    /// A transaction type does not have the sign of its flow.
    Etrc04006 => "ETRC04006", 400;
    /// A link under OTHER has no custom key.
    Wtrc04004 => "WTRC04004", 400;
    /// A custom key is too long, or no text.
    Wtrc04005 => "WTRC04005", 400;
    /// A link under another key than OTHER has a custom key.
    Wtrc04006 => "WTRC04006", 400;
    /// Dynamic currency conversion is both declined and rated.
    Wntc0031 => "WNTC0031", 400;
    /// The same in the override of a BIN.
    Wntc0032 => "WNTC0032", 400;
    /// A flex control that is to be overridden is missing.
    Erul0004 => "ERUL0004", 400;
    /// A flex control or an attribute group is invalid.
    Erul0701 => "ERUL0701", 400;
    /// A flex control with this id exists already.
    Erul0706 => "ERUL0706", 400;
    /// An attribute group with this id exists already.
    Erul0707 => "ERUL0707", 409;
    /// The attribute group is not known.
    Erul0805 => "ERUL0805", 404;
    /// A flex control of a program cannot be changed from here.
    Erul1007 => "ERUL1007", 400;
    /// An account has as many flex controls as it may have.
    Wrul0707 => "WRUL0707", 409;
    /// A customer has as many flex controls as it may have.
    Wrul1207 => "WRUL1207", 409;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
