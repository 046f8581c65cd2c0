// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEmissions} from "../../interfaces/IEmissions.sol";
import {IIdentifiers} from "../../interfaces/IIdentifiers.sol";
import {IQuotas} from "../../interfaces/IQuotas.sol";
import {Vm} from "./Vm.sol";

/// What the fuzzer does; those before OBLIGE are signed messages.
enum Verb {
    REGISTER,
    SET_RECORD,
    ADD_KEY,
    END_KEY,
    SET_STANDING,
    ACCREDIT,
    ASSIGN,
    DECLARE_TIE,
    ANCHOR,
    REPORT,
    ATTEST,
    CONFIRM,
    REOPEN,
    SET_CAP,
    SET_RULE,
    ALLOCATE,
    TRANSFER,
    SURRENDER,
    CANCEL,
    OBLIGE,
    MOVE,
    REPLAY
}

uint256 constant SIGNED_VERBS = 19;
uint256 constant VERBS = 22;

/// @title The type of each message and where its fields stand in its event, written a second time
/// @notice Independent of the libraries of the contracts, so that the two can be compared.
library Acts {
    /// How one act is told.
    /// @param types The EIP-712 type.
    /// @param topic The event's first topic.
    /// @param places For each field of the message in order: 0xf2 and 0xf3 are topics, 0xe0 + n the
    /// hash of the string whose offset is word n of the data, everything else is a word of it.
    struct Form {
        string types;
        bytes32 topic;
        bytes places;
    }

    bytes1 private constant TOPIC = 0xf0;
    bytes1 private constant STRING = 0xe0;

    function form(Verb verb) internal pure returns (Form memory) {
        if (verb <= Verb.DECLARE_TIE) return _ofIdentifiers(verb);
        if (verb <= Verb.REOPEN) return _ofEmissions(verb);
        return _ofQuotas(verb);
    }

    /// The id of an act, from nothing but its event.
    function idOf(Form memory told, Vm.Log memory log) internal pure returns (bytes32) {
        bytes memory encoded = abi.encode(keccak256(bytes(told.types)));
        for (uint256 index = 0; index < told.places.length; ++index) {
            encoded = abi.encodePacked(encoded, _field(log, told.places[index]));
        }
        return bytes32(bytes31(keccak256(encoded)));
    }

    /// The key that signed, which every event tells before the deadline.
    function keyOf(Form memory told, Vm.Log memory log) internal pure returns (address) {
        uint256 deadlineAt = uint8(told.places[told.places.length - 1]);
        return address(uint160(uint256(_word(log.data, (deadlineAt - 1) * 32))));
    }

    function _field(Vm.Log memory log, bytes1 place) private pure returns (bytes32) {
        bytes1 sort = place & 0xf0;
        uint256 number = uint8(place & 0x0f);
        if (sort == TOPIC) return log.topics[number];
        bytes32 word = _word(log.data, number * 32);
        return sort == STRING ? _stringHash(log.data, uint256(word)) : word;
    }

    function _stringHash(bytes memory data, uint256 offset) private pure returns (bytes32) {
        bytes memory text = new bytes(uint256(_word(data, offset)));
        for (uint256 index = 0; index < text.length; ++index) {
            text[index] = data[offset + 32 + index];
        }
        return keccak256(text);
    }

    function _word(bytes memory data, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), offset))
        }
    }

    function _ofIdentifiers(Verb verb) private pure returns (Form memory) {
        if (verb == Verb.REGISTER) {
            return Form(
                "Registration(bytes32 parent,string label,bool isPrefix,uint8 kind,bytes32 owner,"
                "bytes32 record,uint48 deadline)",
                IIdentifiers.Registered.selector,
                hex"f3e10203000406"
            );
        }
        if (verb == Verb.SET_RECORD) {
            return Form(
                "RecordChange(bytes32 subject,bytes32 record,uint16 revision,uint48 deadline)",
                IIdentifiers.RecordChanged.selector,
                hex"f2000103"
            );
        }
        if (verb == Verb.ADD_KEY) {
            return Form(
                "KeyAddition(bytes32 participant,address addedKey,uint32 person,uint16 rights,"
                "uint8 scheme,uint48 validFrom,uint48 validUntil,uint48 deadline)",
                IIdentifiers.KeyAdded.selector,
                hex"f2f3000102030407"
            );
        }
        if (verb == Verb.END_KEY) {
            return Form(
                "KeyEnding(bytes32 participant,address endedKey,uint48 time,bool isCompromised,"
                "uint48 deadline)",
                IIdentifiers.KeyEnded.selector,
                hex"f2f3000104"
            );
        }
        if (verb == Verb.SET_STANDING) {
            return Form(
                "StandingChange(bytes32 authority,bytes32 subject,uint8 standing,uint16 revision,"
                "bytes32 reason,uint48 deadline)",
                IIdentifiers.StandingChanged.selector,
                hex"f3f200010204"
            );
        }
        if (verb == Verb.ACCREDIT) {
            return Form(
                "Accreditation(bytes32 authority,bytes32 verifier,uint48 validFrom,"
                "uint48 validUntil,uint64 sectors,bytes32 certificate,uint16 revision,"
                "uint48 deadline)",
                IIdentifiers.Accredited.selector,
                hex"f3f2000102030406"
            );
        }
        if (verb == Verb.ASSIGN) {
            return Form(
                "Assignment(bytes32 authority,bytes32 verifier,bytes32 enterprise,"
                "uint16 firstYear,uint16 lastYear,uint64 sectors,uint8 ties,uint16 revision,"
                "uint48 deadline)",
                IIdentifiers.VerifierAssigned.selector,
                hex"00f2f3010203040507"
            );
        }
        return Form(
            "Tie(bytes32 participant,bytes32 verifier,bytes32 enterprise,uint8 ties,"
            "uint48 deadline)",
            IIdentifiers.TieDeclared.selector,
            hex"00f2f30103"
        );
    }

    function _ofEmissions(Verb verb) private pure returns (Form memory) {
        if (verb == Verb.ANCHOR) {
            return Form(
                "Evidence(bytes32 facility,uint32 period,bytes32 follows,uint32 month,bytes32 root,"
                "uint64 leaves,uint48 deadline)",
                IEmissions.EvidenceAnchored.selector,
                hex"f2f30102030406"
            );
        }
        if (verb == Verb.REPORT) {
            return Form(
                "Report(bytes32 facility,uint32 period,bytes32 follows,uint64 directGrams,"
                "uint64 indirectGrams,bytes32 document,bytes32 rulePack,uint48 deadline)",
                IEmissions.EmissionReported.selector,
                hex"f2f3010203040507"
            );
        }
        if (verb == Verb.ATTEST) {
            return Form(
                "Statement(bytes32 facility,uint32 period,bytes32 follows,bytes32 verifier,"
                "uint8 opinion,uint64 verifiedGrams,bytes32 document,uint48 deadline)",
                IEmissions.StatementMade.selector,
                hex"f2f3010203040507"
            );
        }
        if (verb == Verb.CONFIRM) {
            return Form(
                "Confirmation(bytes32 facility,uint32 period,bytes32 follows,bytes32 authority,"
                "bytes32 account,uint64 tonnes,uint48 deadline)",
                IEmissions.FigureConfirmed.selector,
                hex"f2f30102030406"
            );
        }
        return Form(
            "Reopening(bytes32 facility,uint32 period,bytes32 follows,bytes32 authority,"
            "bytes32 reason,uint48 deadline)",
            IEmissions.FigureReopened.selector,
            hex"f2f301020305"
        );
    }

    function _ofQuotas(Verb verb) private pure returns (Form memory) {
        if (verb == Verb.SET_CAP) {
            return Form(
                "Cap(bytes32 authority,uint64 asset,uint64 tonnes,uint16 revision,"
                "bytes32 document,uint48 deadline)",
                IQuotas.CapSet.selector,
                hex"f3f200010204"
            );
        }
        if (verb == Verb.SET_RULE) {
            return Form(
                "Rule(bytes32 authority,uint8 instrument,uint16 year,uint16 firstVintage,"
                "uint16 lastVintage,uint16 sharePermyriad,bool isStrict,uint48 surrenderBy,"
                "uint16 revision,bytes32 rulePack,uint48 deadline)",
                IQuotas.RuleSet.selector,
                hex"00f2f30102030405060709"
            );
        }
        if (verb == Verb.ALLOCATE) {
            return Form(
                "Allocation(bytes32 authority,bytes32 account,uint64 asset,int64 tonnes,"
                "uint16 revision,bytes32 rulePack,bytes32 explanation,uint48 deadline)",
                IQuotas.QuotaAllocated.selector,
                hex"00f2f30102030408"
            );
        }
        if (verb == Verb.TRANSFER) {
            return Form(
                "Transfer(bytes32 from,bytes32 to,uint64 asset,uint64 tonnes,uint24 nonce,"
                "uint48 deadline)",
                IQuotas.QuotaMoved.selector,
                hex"f2f300010208"
            );
        }
        if (verb == Verb.SURRENDER) {
            return Form(
                "Surrender(bytes32 account,uint64 asset,uint64 tonnes,uint16 year,uint24 nonce,"
                "uint48 deadline)",
                IQuotas.QuotaSurrendered.selector,
                hex"f20001f30208"
            );
        }
        return Form(
            "Cancellation(bytes32 account,uint64 asset,uint64 tonnes,bytes32 beneficiary,"
            "bytes32 reason,uint24 nonce,uint48 deadline)",
            IQuotas.QuotaCancelled.selector,
            hex"f2f30001020307"
        );
    }
}
