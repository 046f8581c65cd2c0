// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Year} from "./Calendar.sol";

/// What is held: instrument (8 bits), vintage year (16), lot (40; 0 = fungible), highest first.
type Asset is uint64;

using {instrumentOf, vintageOf} for Asset global;

function instrumentOf(Asset asset) pure returns (uint8) {
    return uint8(Asset.unwrap(asset) >> 56);
}

function vintageOf(Asset asset) pure returns (Year) {
    return Year.wrap(uint16(Asset.unwrap(asset) >> 40));
}
