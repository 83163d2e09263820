// SPDX-License-Identifier: Apache-2.0
// YAML itself: syntax, bytes, repeated keys, aliases, bounds.
#include <string_view>

#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

using std::literals::operator""sv;

class YamlErrorTest : public ErrorRowTest {};

// Catches YAML that the library accepts and a profile must not, and a message that points elsewhere.
TEST_P(YamlErrorTest, MessageIsExact) { ExpectTheMessage(); }

constexpr ErrorRow kRows[] = {
    {"EmptyFile", 0, ""sv,
     R"(x.yaml:1:1: error: the profile is empty; it needs at least 'version', 'name', 'backends' and 'streams'
   1 |
     | ^)"},
    {"OnlyComments", 0, R"(# nothing yet
)"sv,
     R"(x.yaml:1:1: error: the profile is empty; it needs at least 'version', 'name', 'backends' and 'streams'
   1 | # nothing yet
     | ^)"},
    {"OnlyADocumentStart", 0, R"(---
)"sv,
     R"(x.yaml:1:1: error: the profile is empty; it needs at least 'version', 'name', 'backends' and 'streams'
   1 | ---
     | ^)"},
    {"TwoDocuments", 30, R"(            clients: 256
---
version: 1)"sv,
     R"(x.yaml:31:1: error: a profile is one document, found a second one
  31 | ---
     | ^)"},
    {"DuplicateKey", 16, R"(      rate: 30
      rate: 60)"sv,
     R"(x.yaml:17:7: error: duplicate key 'rate', first on line 16
  17 |       rate: 60
     |       ^~~~)"},
    {"DuplicateKeyInQuotes", 16, R"(      rate: 30
      "rate": 60)"sv,
     R"(x.yaml:17:7: error: duplicate key 'rate', first on line 16
  17 |       "rate": 60
     |       ^~~~~~)"},
    {"DuplicateStream", 30, R"(            clients: 256
  front: {})"sv,
     R"(x.yaml:31:3: error: duplicate key 'front', first on line 11
  31 |   front: {}
     |   ^~~~~)"},
    {"KeyIsAList", 16, R"(      ? [rate]
      : 30)"sv,
     R"(x.yaml:16:9: error: expected a key, found a list
  16 |       ? [rate]
     |         ^)"},
    {"KeyIsNothing", 16, "      : 30"sv,
     R"(x.yaml:16:7: error: expected a key, found nothing
  16 |       : 30
     |       ^)"},
    {"TagOnAValue", 16, "      rate: !!int 30"sv,
     R"(x.yaml:16:13: error: a tag ('!...') has no meaning in a profile
  16 |       rate: !!int 30
     |             ^~~~~)"},
    {"TagOfSomebody", 16, "      rate: !fps 30"sv,
     R"(x.yaml:16:13: error: a tag ('!...') has no meaning in a profile
  16 |       rate: !fps 30
     |             ^~~~)"},
    {"AliasUnknown", 16, "      rate: *fps"sv,
     R"(x.yaml:16:13: error: no anchor above has this name
  16 |       rate: *fps
     |             ^)"},
    {"AliasInsideWhatItNames", 4, "  allocator: &all [shm, *all]"sv,
     R"(x.yaml:4:25: error: an alias inside what it names
   4 |   allocator: &all [shm, *all]
     |                         ^~~~~)"},
    {"BracketNeverClosed", 5, "  capture: [sw-fallback"sv,
     R"(x.yaml:5:13: error: this text runs on into the next line; check the indentation and the brackets
   5 |   capture: [sw-fallback
     |             ^)"},
    {"BracketNeverClosedAtTheEnd", 0, R"(version: 1
name: [test
)"sv,
     R"(x.yaml:2:7: error: no ']' closes this
   2 | name: [test
     |       ^)"},
    {"BraceNeverClosed", 9, "  sw-fallback: {threads: 2"sv,
     R"(x.yaml:9:26: error: this text runs on into the next line; check the indentation and the brackets
   9 |   sw-fallback: {threads: 2
     |                          ^)"},
    {"BracketTooMany", 5, "  capture: [sw-fallback]]"sv,
     R"(x.yaml:5:25: error: this closes nothing
   5 |   capture: [sw-fallback]]
     |                         ^)"},
    {"BracesWithoutQuotesInAFlowMapping", 0, R"(version: 1
publish: [{socket: ${RUNTIME}/front.sock}]
)"sv,
     R"(x.yaml:2:21: error: expected ',' or '}' before this; a text with brackets or commas needs quotes
   2 | publish: [{socket: ${RUNTIME}/front.sock}]
     |                     ^)"},
    {"QuoteNeverClosed", 26, R"(            mode: "0660)"sv,
     R"(x.yaml:26:19: error: a quoted text is not closed on its line
  26 |             mode: "0660
     |                   ^~~~~)"},
    {"QuoteNeverClosedAtTheEnd", 0, R"(version: 1
name: "test
)"sv,
     R"(x.yaml:2:7: error: a quoted text is not closed on its line
   2 | name: "test
     |       ^~~~~)"},
    {"ApostropheNeverClosed", 0, R"(version: 1
name: 'test
)"sv,
     R"(x.yaml:2:7: error: a quoted text is not closed on its line
   2 | name: 'test
     |       ^~~~~)"},
    {"EscapeUnknown", 13, R"(      device: "C:\cam")"sv,
     R"(x.yaml:13:20: error: not valid YAML: unknown escape character: c
  13 |       device: "C:\cam"
     |                    ^)"},
    {"ControlCharacterByEscape", 13, R"(      device: "a\tb\x07")"sv,
     R"(x.yaml:13:15: error: expected text, found control character 0x09
  13 |       device: "a\tb\x07"
     |               ^~~~~~~~~~)"},
    {"NulByEscape", 13, R"(      device: "a\0")"sv,
     R"(x.yaml:13:15: error: expected text, found control character 0x00
  13 |       device: "a\0"
     |               ^~~~~)"},
    {"TextOverTwoLines", 13, R"(      device: pattern
        again)"sv,
     R"(x.yaml:13:15: error: this text runs on into the next line; check the indentation and the brackets
  13 |       device: pattern
     |               ^)"},
    {"BlockText", 13, R"(      device: |
        pattern)"sv,
     R"(x.yaml:13:15: error: block texts have no place in a profile; write the value on the line of its key
  13 |       device: |
     |               ^)"},
    {"ValueTwiceOnALine", 16, "      rate: 30: 60"sv,
     R"(x.yaml:16:15: error: ':' starts no value here; check the indentation, or put the text in quotes
  16 |       rate: 30: 60
     |               ^)"},
    {"IndentedTooFar", 16, "        rate: 30"sv,
     R"(x.yaml:15:13: error: this text runs on into the next line; check the indentation and the brackets
  15 |       size: 1280x720
     |             ^)"},
    {"IndentedTooLittle", 16, "     rate: 30"sv,
     R"(x.yaml:16:6: error: this continues nothing above; check the indentation
  16 |      rate: 30
     |      ^)"},
    {"IndentedByTab", 16, "\011rate: 30"sv,
     R"(x.yaml:16:1: error: expected spaces at the start of a line, found a tab
  16 | 	rate: 30
     | ^)"},
    {"IndentedBySpacesAndTabs", 16, "    \011\011rate: 30\n    \n\011\n\011# remark"sv,
     R"(x.yaml:16:5: error: expected spaces at the start of a line, found a tab
  16 |     		rate: 30
     |     ^)"},
    {"CharacterThatStartsNothing", 16, "      rate: @30"sv,
     R"(x.yaml:16:13: error: no value starts with this character; put the text in quotes
  16 |       rate: @30
     |             ^)"},
    {"NestedTooDeep", 0, R"([[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]
)"sv,
     R"(x.yaml:1:17: error: nested deeper than 16 levels
   1 | [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]
     |                 ^)"},
    {"AliasBomb", 0, R"(a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
f: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
)"sv,
     R"(x.yaml:5:8: error: more than 20000 values in one profile, aliases expanded
   5 | e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
     |        ^~~)"},
    {"NotUtf8", 2, "name: t\377st"sv,
     R"(x.yaml:2:8: error: expected UTF-8, found byte 0xff
   2 | name: t�st
     |        ^)"},
    {"Utf16", 0, "\377\376v\000e\000r\000"sv,
     R"(x.yaml:1:1: error: expected UTF-8, found byte 0xff
   1 | ��v\x00e\x00r\x00
     | ^)"},
    {"NulByte", 2, "name: t\000st"sv,
     R"(x.yaml:2:8: error: expected text, found control character 0x00
   2 | name: t\x00st
     |        ^)"},
    {"ControlCharacter", 2, "name: t\033st"sv,
     R"(x.yaml:2:8: error: expected text, found control character 0x1b
   2 | name: t\x1bst
     |        ^)"},
    {"CarriageReturnAlone", 2, "name: test\rversion: 1"sv,
     R"(x.yaml:2:11: error: expected text, found control character 0x0d
   2 | name: test\x0dversion: 1
     |           ^)"},
    {"AfterUtf8TheColumnCountsCharacters", 9, R"(  sw-fallback: {threads: "é€😀", x: !t 1})"sv,
     R"(x.yaml:9:36: error: a tag ('!...') has no meaning in a profile
   9 |   sw-fallback: {threads: "é€😀", x: !t 1}
     |                                    ^~)"},
    {"CrLfLineEndsAreNotShown", 0, "version: 1\r\nname: [\r\n"sv,
     R"(x.yaml:2:7: error: no ']' closes this
   2 | name: [
     |       ^)"},
    {"ByteOrderMarkTakesNoColumn", 0, "\357\273\277version: 2\r\n"sv,
     R"(x.yaml:1:10: error: expected version 1, the only one this program knows, found '2'
   1 | version: 2
     |          ^)"},
};

INSTANTIATE_TEST_SUITE_P(All, YamlErrorTest, testing::ValuesIn(kRows), RowName);

}  // namespace
}  // namespace videostream
