package signin

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"paygate/journey"
)

const (
	sessionCookie = "paygate-staff"
	sessionsValue = "staff sessions" // in the store

	sessionFor = 10 * time.Hour // a working day
	unusedFor  = time.Hour      // after which a session ends
	notedEvery = time.Minute    // how often the use of a session is stored
	// cookieFor is longer than any session, so that one that has ended can be told from none.
	cookieFor = 7 * 24 * time.Hour
	// maxSessions is how many sessions a member can have. One more ends the one that was least recently used.
	maxSessions = 20
)

// Store keeps named values, sealed, and remembers marks.
type Store interface {
	Value(ctx context.Context, name string) ([]byte, error)
	UpdateValue(ctx context.Context, name string, change func(old []byte) ([]byte, error)) ([]byte, error)
	// FirstSight reports whether a mark is new, and remembers it until a time.
	FirstSight(ctx context.Context, mark string, until time.Time) (bool, error)
}

// session is what the store keeps of a member who has signed in.
type session struct {
	Name   string    `json:"name"`
	ID     string    `json:"id,omitempty"`     // of the member
	Digest string    `json:"digest,omitempty"` // of the token
	Issuer string    `json:"issuer,omitempty"` // who has signed the person in
	Person *Person   `json:"person,omitempty"`
	Began  time.Time `json:"began"`
	Used   time.Time `json:"used"`
}

func (s session) isOver(now time.Time) bool {
	return now.Sub(s.Began) >= sessionFor || now.Sub(s.Used) >= unusedFor
}

// sessions are all sessions in the store, by the digest of their key.
type sessions map[string]session

// pass is the content of a session's cookie.
type pass struct {
	Key  string `json:"k"`
	Name string `json:"n"`
}

// keeper keeps the sessions in the store.
type keeper struct {
	values  Store
	cookies jar
	now     func() time.Time
}

func newKeeper(o Options) keeper {
	return keeper{o.Store, newJar(o, sessionCookie, cookieFor, http.SameSiteStrictMode), o.Now}
}

// begin begins a session in place of an earlier one.
func (k keeper) begin(w http.ResponseWriter, r *http.Request, began session, earlier string) error {
	p := pass{rand.Text(), began.Name}
	began.Began, began.Used = k.now(), k.now()
	err := k.update(context.WithoutCancel(r.Context()), func(all sessions) {
		delete(all, earlier)
		all.makeRoom(began.ID)
		all[digest(p.Key)] = began
	})
	if err != nil {
		return err
	}
	return k.cookies.put(w, r, p)
}

// makeRoom ends the sessions of a member beyond those that they can have beside a new one.
func (all sessions) makeRoom(id string) {
	var theirs []string
	for key, s := range all {
		if s.ID == id {
			theirs = append(theirs, key)
		}
	}
	slices.SortFunc(theirs, func(a, b string) int { return all[b].Used.Compare(all[a].Used) })
	for _, key := range theirs[min(len(theirs), maxSessions-1):] {
		delete(all, key)
	}
}

// passOf returns what the cookie of a request says, whether or not the session goes on.
func (k keeper) passOf(r *http.Request) (p pass, ok bool) {
	return p, k.cookies.read(r, &p) && p.Key != ""
}

// digestOf returns what the store knows the session of a request by, whether or not it goes on.
func (k keeper) digestOf(r *http.Request) string {
	p, _ := k.passOf(r)
	return digest(p.Key)
}

// find returns the session of a request, if it goes on.
func (k keeper) find(r *http.Request) (found session, ok bool, err error) {
	p, ok := k.passOf(r)
	if !ok {
		return session{}, false, nil
	}
	all, err := k.read(r.Context())
	if err != nil {
		return session{}, false, err
	}
	found, ok = all[digest(p.Key)]
	if !ok || found.isOver(k.now()) {
		return session{}, false, nil
	}
	if k.now().Sub(found.Used) >= notedEvery {
		k.noteUse(r.Context(), digest(p.Key))
	}
	return found, true, nil
}

// noteUse stores that a session is used. If that fails, as in a full store, the session may only end earlier.
func (k keeper) noteUse(ctx context.Context, key string) {
	_ = k.update(ctx, func(all sessions) {
		if s, ok := all[key]; ok {
			s.Used = k.now()
			all[key] = s
		}
	})
}

// end ends the session of a request.
func (k keeper) end(r *http.Request) error {
	p, ok := k.passOf(r)
	if !ok {
		return nil
	}
	return k.update(r.Context(), func(all sessions) { delete(all, digest(p.Key)) })
}

func (k keeper) read(ctx context.Context) (sessions, error) {
	text, err := k.values.Value(ctx, sessionsValue)
	if errors.Is(err, journey.ErrNotFound) {
		return sessions{}, nil
	}
	if err != nil {
		return nil, err
	}
	return parseSessions(text)
}

// update changes the sessions, and drops those that are over.
func (k keeper) update(ctx context.Context, change func(sessions)) error {
	_, err := k.values.UpdateValue(ctx, sessionsValue, func(old []byte) ([]byte, error) {
		all, err := parseSessions(old)
		if err != nil {
			return nil, err
		}
		maps.DeleteFunc(all, func(_ string, s session) bool { return s.isOver(k.now()) })
		change(all)
		return json.Marshal(all)
	})
	return err
}

func parseSessions(text []byte) (all sessions, err error) {
	err = json.Unmarshal([]byte(cmp.Or(string(text), "{}")), &all)
	return all, err
}
