// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Labels of identifiers: their grammar and the ids they make
library Labels {
    uint256 private constant SEGMENT_MAX = 10;
    uint256 private constant SUFFIX_MAX = 128;
    // Bit c stands for the ASCII character c.
    uint256 private constant DIGITS = 0x3ff << 0x30;
    uint256 private constant DIGITS_AND_CAPITALS = DIGITS | (0x3ffffff << 0x41);
    uint256 private constant SUFFIX_CHARACTERS = DIGITS_AND_CAPITALS | (1 << 0x2d) // "-"
        | (1 << 0x2e) // "."
        | (1 << 0x3a) // ":"
        | (1 << 0x5f); // "_"

    /// The identifier of a label below a parent: 28 bytes of a hash, then four zeros.
    function idOf(bytes32 parent, bool isPrefix, string memory label)
        internal
        pure
        returns (bytes32)
    {
        bytes1 separator = isPrefix ? bytes1(".") : bytes1("/");
        // Packed, since all three parts have a fixed width.
        bytes32 hash = keccak256(abi.encodePacked(parent, separator, keccak256(bytes(label))));
        return bytes32(bytes28(hash));
    }

    /// Whether it is a segment `[0-9]{1,10}` or a suffix `[A-Z0-9]([A-Z0-9._:-]{0,126}[A-Z0-9])?`.
    function isLabel(string memory label, bool isPrefix) internal pure returns (bool) {
        bytes memory text = bytes(label);
        uint256 length = text.length;
        if (length == 0 || length > (isPrefix ? SEGMENT_MAX : SUFFIX_MAX)) return false;
        uint256 allowed = isPrefix ? DIGITS : SUFFIX_CHARACTERS;
        for (uint256 index = 0; index < length; ++index) {
            if (!_isOneOf(text[index], allowed)) return false;
        }
        return _isOneOf(text[0], DIGITS_AND_CAPITALS)
            && _isOneOf(text[length - 1], DIGITS_AND_CAPITALS);
    }

    function _isOneOf(bytes1 character, uint256 characters) private pure returns (bool) {
        return (characters >> uint8(character)) & 1 == 1;
    }
}
