// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

// Every number that stands for a word, once. The bindings of other languages are read from here.

/// What an identifier names; 0 is unknown.
library Kinds {
    uint8 internal constant PARK = 1;
    uint8 internal constant ENTERPRISE = 2;
    uint8 internal constant VERIFIER = 3;
    uint8 internal constant REGULATOR = 4;
    uint8 internal constant MODULE = 5;
    uint8 internal constant FACILITY = 6;
    uint8 internal constant SOURCE = 7;
    uint8 internal constant METER = 8;
    uint8 internal constant PRODUCT = 9;
    uint8 internal constant SERVICE = 10;
    uint8 internal constant PREFIX = 11;
}

/// What an identifier may do at all (bits).
library Standings {
    uint8 internal constant ACTIVE = 1;
    uint8 internal constant HOLDS = 2;
    uint8 internal constant SENDS = 4;
    uint8 internal constant KEYED = 64;
    uint8 internal constant PREFIX = 128;
}

/// What a key may do for its participant (bits).
library Rights {
    uint16 internal constant REGISTER = 1;
    uint16 internal constant REPORT = 2;
    uint16 internal constant ATTEST = 4;
    uint16 internal constant MOVE = 8;
    uint16 internal constant ACCREDIT = 16;
    uint16 internal constant CONFIRM = 32;
    uint16 internal constant ISSUE = 64;
    uint16 internal constant FREEZE = 128;
    uint16 internal constant RELEASE = 256;
    uint16 internal constant ADMIT = 512;
    uint16 internal constant OBLIGE = 1024;
    uint16 internal constant TRADE = 2048;
    uint16 internal constant CUSTODIAL = 4096;
}

/// How a key signs.
library Schemes {
    /// An address of secp256k1.
    uint8 internal constant SECP256K1 = 0;
    /// Another curve: recorded for devices, signs no message.
    uint8 internal constant OTHER_CURVE = 1;
    /// A contract, which acts only as the caller.
    uint8 internal constant CONTRACT = 2;
}

/// How a verifier is bound to an enterprise (bits).
library Ties {
    uint8 internal constant AFFILIATED = 1;
    uint8 internal constant PREPARED_FOR = 2;
}

/// Industries, as numbers of bits.
library Sectors {
    uint8 internal constant STEEL = 0;
    uint8 internal constant CHEMICALS = 1;
    uint8 internal constant ELECTRONICS = 2;
}

/// How far a figure has come.
library Stages {
    uint8 internal constant NONE = 0;
    uint8 internal constant ANCHORED = 1;
    uint8 internal constant REPORTED = 2;
    uint8 internal constant ATTESTED = 3;
    uint8 internal constant CONFIRMED = 4;
    uint8 internal constant REOPENED = 5;
}

/// What a verifier says about a report.
library Opinions {
    uint8 internal constant POSITIVE = 1;
    uint8 internal constant POSITIVE_CONSERVATIVE = 2;
    uint8 internal constant NEGATIVE = 3;
}

/// Sorts of quota.
library Instruments {
    uint8 internal constant PARK = 1;
    uint8 internal constant CEA = 2;
    uint8 internal constant CCER = 3;
}

/// The parts of a holding, in the order of their bits.
library Buckets {
    uint8 internal constant AVAILABLE = 0;
    uint8 internal constant TRADING = 1;
    uint8 internal constant PENDING = 2;
    uint8 internal constant FROZEN = 3;
    uint8 internal constant SPENT = 4;
}
