// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// An account's quota of one asset in one word: from the lowest bits five buckets of 40 (in the
/// order of Buckets), revision 16, nonce 24 (the greatest used), window 16 (bit i: nonce - i used).
type Holding is uint256;

uint256 constant BUCKET_BITS = 40;
uint256 constant BUCKET_MAX = type(uint40).max;
uint256 constant REVISION_AT = 200;
uint256 constant NONCE_AT = 216;
uint256 constant WINDOW_AT = 240;
uint24 constant WINDOW_SIZE = 16;

using {
    bucket,
    revision,
    nonce,
    window,
    withBucket,
    withRevision,
    withNonce,
    isUsed,
    isInWindow
} for Holding global;

/// The tonnes of one bucket.
function bucket(Holding holding, uint8 number) pure returns (uint256) {
    return (Holding.unwrap(holding) >> (number * BUCKET_BITS)) & BUCKET_MAX;
}

function revision(Holding holding) pure returns (uint16) {
    return uint16(Holding.unwrap(holding) >> REVISION_AT);
}

function nonce(Holding holding) pure returns (uint24) {
    return uint24(Holding.unwrap(holding) >> NONCE_AT);
}

function window(Holding holding) pure returns (uint16) {
    return uint16(Holding.unwrap(holding) >> WINDOW_AT);
}

/// The holding with other tonnes, at most 2^40 - 1, in one bucket.
function withBucket(Holding holding, uint8 number, uint40 tonnes) pure returns (Holding) {
    uint256 shift = number * BUCKET_BITS;
    uint256 others = Holding.unwrap(holding) & ~(BUCKET_MAX << shift);
    return Holding.wrap(others | (uint256(tonnes) << shift));
}

function withRevision(Holding holding, uint16 next) pure returns (Holding) {
    uint256 others = Holding.unwrap(holding) & ~(uint256(type(uint16).max) << REVISION_AT);
    return Holding.wrap(others | (uint256(next) << REVISION_AT));
}

/// Whether a nonce is one of the sixteen up to the greatest used or of the sixteen after it.
function isInWindow(Holding holding, uint24 number) pure returns (bool) {
    uint256 top = nonce(holding);
    return number != 0 && number <= top + WINDOW_SIZE && number + WINDOW_SIZE > top;
}

/// Whether a nonce of the window is used.
function isUsed(Holding holding, uint24 number) pure returns (bool) {
    uint24 top = nonce(holding);
    return number <= top && (window(holding) >> (top - number)) & 1 == 1;
}

/// The holding with an unused nonce of the window marked as used.
function withNonce(Holding holding, uint24 number) pure returns (Holding) {
    uint24 top = nonce(holding);
    uint256 marks = window(holding);
    if (number > top) {
        marks = uint16((marks << (number - top)) | 1);
        top = number;
    } else {
        marks |= uint256(1) << (top - number);
    }
    uint256 others = Holding.unwrap(holding) & ((uint256(1) << NONCE_AT) - 1);
    return Holding.wrap(others | (uint256(top) << NONCE_AT) | (marks << WINDOW_AT));
}
