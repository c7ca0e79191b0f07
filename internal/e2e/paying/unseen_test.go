package paying

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"paygate/internal/testserver"
	"paygate/journey"
)

func TestDeclineFoundEarlyDoesNotShortenTimeToRetry(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	c.Apply("Ann")
	h.EndPayment("declined")
	h.AdvanceMinutes(5)
	require.Equal(t, journey.StateUnpaid, c.State())
	h.Pay.Advance(4*time.Hour + 50*time.Minute)
	h.Sweep()
	require.Contains(t, c.ReturnFromPay().Text, "declined")
	require.Equal(t, http.StatusSeeOther, c.Post("/_pay/again", url.Values{"journey": {c.Journeys()[0].ID}}).Status)
	h.EndPayment("success")
	h.AdvanceMinutes(9)
	require.Empty(t, h.Service.Requests(http.MethodPost))
	h.AdvanceMinutes(1)
	require.Len(t, h.Service.Requests(http.MethodPost), 1,
		"the second payment is found and delivered as the first would have been")
	require.Equal(t, journey.StateReleased, c.State())
}

// TestUnseenRefusalCanBeCorrectedForADay also proves that an hour is left once the refusal has been read.
func TestUnseenRefusalCanBeCorrectedForADay(t *testing.T) {
	t.Parallel()
	for _, read := range []bool{false, true} {
		h := testserver.NewOnPayClock(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method == http.MethodPost && string(body) != "name=Ann+Lee" {
				http.Error(w, "Enter your full name", http.StatusUnprocessableEntity)
				return
			}
			testserver.Confirm(w, r)
		})
		c := h.Citizen()
		c.Post("/licences/apply", url.Values{"name": {"Ann"}})
		h.EndPayment("success")
		h.AdvanceMinutes(10)
		require.Equal(t, journey.StateRefused, c.State())
		c.Get("/_pay/status", "Sec-Purpose", "prefetch") // not read by a person
		h.Pay.Advance(20 * time.Hour)
		h.Sweep()
		require.Equal(t, journey.StateRefused, c.State(), "the citizen does not know")
		if read {
			c.ReturnFromPay()
			h.Pay.Advance(time.Hour + time.Minute)
			h.Sweep()
			require.Equal(t, journey.StateReversed, c.State(), "an hour after the citizen read it")
			continue
		}
		require.Equal(t, http.StatusSeeOther, c.Post("/licences/apply", url.Values{"name": {"Ann Lee"}}).Status)
		require.Equal(t, journey.StateReleased, c.State())
		require.Len(t, h.Payments(), 1)
	}
}

// TestRefusalReadLateCanStillBeCorrected proves that the ticket lasts as long as the page says.
func TestRefusalReadLateCanStillBeCorrected(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"/_pay/return", "/_pay/status"} {
		h := testserver.NewOnPayClock(t, refuseWithoutName)
		c := h.Citizen()
		c.Post("/licences/apply", url.Values{"name": {""}})
		h.EndPayment("success")
		h.AdvanceMinutes(10)
		require.Empty(t, c.Get("/_pay/status", "Accept", "application/json").Header["Set-Cookie"])
		h.Pay.Advance(23*time.Hour + 40*time.Minute)
		read := c.Follow(c.Get(page))
		require.Contains(t, read.Text, "still valid")
		require.Contains(t, strings.Join(read.Header["Set-Cookie"], " "), "Max-Age=86400")
		h.Pay.Advance(50 * time.Minute)
		h.Sweep()
		require.Equal(t, http.StatusUnprocessableEntity, c.ServicesAnswer(c.Follow(c.Get("/_pay/return"))).Status)
	}
}

// TestHeadDoesNotCountAsReadingRefusal: the time for a correction begins when the citizen has read the refusal.
func TestHeadDoesNotCountAsReadingRefusal(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, refuseWithoutName)
	c := h.Citizen()
	applyAndPay(c, "/licences/apply", url.Values{"name": {""}}, "")
	c.Get("/_pay/return")
	h.Sweep()
	marked := "/licences/apply?paygate-reply=" + c.Journeys()[0].ID
	for _, target := range []string{marked, marked + ".service", "/_pay/return", "/_pay/status"} {
		c.Do(http.MethodHead, target, nil)
	}
	h.Pay.Advance(20 * time.Hour)
	h.Sweep()
	require.Equal(t, journey.StateRefused, c.State())
	require.Contains(t, c.ReturnFromPay().Text, "is still valid")
	h.Pay.Advance(61 * time.Minute)
	h.Sweep()
	require.Equal(t, journey.StateReversed, c.State())
}

// TestRepeatedFormAfterUnseenDeliveryIsNotChargedTwice sends the same form again, hours after it was paid and
// delivered.
func TestRepeatedFormAfterUnseenDeliveryIsNotChargedTwice(t *testing.T) {
	t.Parallel()
	h := testserver.NewOnPayClock(t, testserver.Confirm)
	c := h.Citizen()
	form := url.Values{"name": {"Ann"}}
	c.Post("/licences/apply", form)
	h.EndPayment("success")
	h.AdvanceMinutes(10)
	require.Equal(t, journey.StateReleased, c.State())
	h.Pay.Advance(5 * time.Hour)
	require.Equal(t, http.StatusOK, c.Post("/licences/apply", form).Status, "a page asks whether to pay again")
	require.Len(t, h.Payments(), 1)

	informed := h.Citizen()
	informed.Post("/licences/apply", form)
	h.EndPayment("success")
	informed.ReturnFromPay()
	h.Pay.Advance(5 * time.Hour)
	require.Equal(t, http.StatusSeeOther, informed.Post("/licences/apply", form).Status)
	require.Len(t, h.Payments(), 3)
}
