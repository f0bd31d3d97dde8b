package advisories

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"github.com/cybersec-infohub/infohub/internal/i18n"
)

// enoughLetters is how long a text is at least that can be told to be in the wrong
// language: names of products and systems are the same in all.
const enoughLetters = 30

// language checks that a text is in the language that it is said to be in.
func (l *linter) language(s, path string, lang i18n.Lang) {
	han, letters := 0, 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.IsLetter(r):
			letters++
		}
	}
	if lang == i18n.English {
		if han > letters {
			l.problem("text.language", path, path+" is Chinese.", "Write the English text here.")
		}
		return
	}
	if han == 0 {
		if letters >= enoughLetters && !strings.Contains(s, "://") {
			l.problem("text.language", path, path+" has no Chinese character.", "Translate it, or take it out: it is then shown as missing.")
		}
		return
	}
	if wrong := otherScript(s, lang); wrong != "" {
		l.problem("text.script", path, fmt.Sprintf("%s has %q of the other script.", path, wrong), "Write it as the readers of this language do.")
	}
	for _, term := range terms(lang) {
		if strings.Contains(s, term.wrong) {
			l.problem("text.term", path, fmt.Sprintf("%s says %s.", path, term.wrong), fmt.Sprintf("Readers of this language say %s.", term.right))
		}
	}
}

// otherScript finds up to five characters that only the other script has. GB 2312
// has no traditional forms, and Big5 few simplified ones: a character that one of
// them has and the other lacks belongs to the one.
func otherScript(s string, lang i18n.Lang) string {
	own, other := traditionalchinese.Big5.NewEncoder(), simplifiedchinese.HZGB2312.NewEncoder()
	if lang == i18n.Simplified {
		own, other = other, own
	}
	var wrong []rune
	seen := map[rune]bool{}
	for _, r := range s {
		if !unicode.Is(unicode.Han, r) || seen[r] {
			continue
		}
		seen[r] = true
		if !has(own, r) && has(other, r) {
			if wrong = append(wrong, r); len(wrong) == 5 {
				break
			}
		}
	}
	return string(wrong)
}

func has(e *encoding.Encoder, r rune) bool {
	e.Reset()
	_, err := e.String(string(r))
	return err == nil
}

// term is a word of the other shore with the readers' own.
type term struct{ wrong, right string }

// terms are few and sure: no part of another word (資安 is one of 投資安排, 程式 of
// 方程式), and no word of its own in another sense.
func terms(lang i18n.Lang) []term {
	if lang == i18n.Traditional {
		return []term{
			{"網路", "網絡"}, {"軟體", "軟件"}, {"硬體", "硬件"}, {"韌體", "韌件"}, {"服務器", "伺服器"}, {"使用者", "用戶"}, {"帳號", "帳戶"},
			{"電子郵件", "電郵"}, {"網際", "互聯網"}, {"補丁", "修補程式"}, {"安全漏洞", "保安漏洞"}, {"默認", "預設"},
		}
	}
	return []term{
		{"网路", "网络"}, {"网域", "域名"}, {"软体", "软件"}, {"硬体", "硬件"}, {"韧体", "固件"}, {"韧件", "固件"}, {"伺服器", "服务器"},
		{"电邮", "电子邮件"}, {"应用程式", "应用程序"}, {"程式码", "代码"}, {"修补程式", "补丁"}, {"帐户", "账户"}, {"帐号", "账号"}, {"保安漏洞", "安全漏洞"}, {"登入", "登录"},
	}
}
