package storetest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"paygate/journey"
)

// filledJourney returns a journey with a random value, or none, in every field.
func filledJourney(t *rapid.T, n int) journey.Journey {
	var j journey.Journey
	fill(t, reflect.ValueOf(&j).Elem())
	j.ID = Example(n).ID
	j.State = rapid.SampledFrom(journey.States()).Draw(t, "state")
	for i := range j.Payments {
		j.Payments[i].ID = fmt.Sprintf("pay-%d-%d", n, i)
	}
	return j
}

func filledRequest(t *rapid.T) (r journey.HeldRequest) {
	fill(t, reflect.ValueOf(&r).Elem())
	return r
}

func filledReply(t *rapid.T) (r journey.Reply) {
	fill(t, reflect.ValueOf(&r).Elem())
	r.Rest, r.Broken = nil, false // not stored
	return r
}

// fill draws a value of any type that a journey contains. Empty slices and maps are nil, since the difference has no
// meaning; texts are UTF-8 without NUL, since the texts of a journey are cleaned before.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(filledTime(t)))
		return
	case []byte:
		v.SetBytes(append([]byte(nil), rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")...))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.ReplaceAll(rapid.String().Draw(t, "text"), "\x00", "."))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "yes"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "number"))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() { // other fields are not stored
				fill(t, v.Field(i))
			}
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			element := reflect.New(v.Type().Elem()).Elem()
			fill(t, element)
			v.Set(reflect.Append(v, element))
		}
	case reflect.Map:
		fillMap(t, v)
	case reflect.Interface: // a stream, which is not stored
	default:
		t.Fatalf("the suite cannot fill a %s yet", v.Type())
	}
}

func fillMap(t *rapid.T, v reflect.Value) {
	for range rapid.IntRange(0, 3).Draw(t, "entries") {
		key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, element)
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		v.SetMapIndex(key, element)
	}
}

func filledTime(t *rapid.T) time.Time {
	if !rapid.Bool().Draw(t, "set") {
		return time.Time{}
	}
	seconds := rapid.Int64Range(0, 4_000_000_000).Draw(t, "seconds") // until 2096
	return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
}

// Filled returns the nth of a sequence of journeys, the same every time, with a value or none in every field, and its
// request and reply. The sequence has every state in turn.
func Filled(n int) (journey.Journey, journey.HeldRequest, journey.Reply) {
	whole := rapid.Custom(func(t *rapid.T) journey.Change {
		j, request, reply := filledJourney(t, n), filledRequest(t), filledReply(t)
		j.State = journey.States()[n%len(journey.States())]
		return journey.Change{Journey: j, Request: &request, Reply: &reply}
	}).Example(n)
	return whole.Journey, *whole.Request, *whole.Reply
}

// Fill puts the first n of the sequence into a store.
func Fill(t require.TestingT, s journey.Store, n int) {
	for i := range n {
		j, request, reply := Filled(i)
		require.NoError(t, s.Create(context.Background(), j, request))
		change(t, s, j.ID, func(c *journey.Change) { c.Reply = &reply })
	}
}
