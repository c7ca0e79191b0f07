package journey

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// MaxPence is the largest amount of one payment at GOV.UK Pay (FACTS 2.1).
const MaxPence = 10_000_000

// ErrPounds means that a text is not an amount for one payment.
var ErrPounds = errors.New("must be pounds such as 25 or 25.50, from 0.01 to 100000.00")

var poundsPattern = regexp.MustCompile(`^([0-9]{1,6}|[0-9]{1,3},[0-9]{3})(?:\.([0-9]{2}))?$`)

// ParsePounds turns pounds as people write them, 25, 25.50 or 1,180.00, into pence.
func ParsePounds(text string) (int64, error) {
	parts := poundsPattern.FindStringSubmatch(text)
	if parts == nil {
		return 0, ErrPounds
	}
	pounds, _ := strconv.ParseInt(strings.Replace(parts[1], ",", "", 1), 10, 64)
	pence, _ := strconv.ParseInt("0"+parts[2], 10, 64)
	amount := pounds*100 + pence
	if amount < 1 || amount > MaxPence {
		return 0, ErrPounds
	}
	return amount, nil
}

// Pounds writes pence as an amount of money with its pence: £25.50, £1,180.00.
func Pounds(pence int64) string {
	sign := ""
	if pence < 0 {
		sign, pence = "-", -pence
	}
	whole := strconv.FormatInt(pence/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s£%s.%02d", sign, whole, pence%100)
}
