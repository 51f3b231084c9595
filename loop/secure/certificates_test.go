package secure

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVersionsAndProtocols(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.sign("one", wish{names: []string{"localhost"}})
	c, _ := opened(t, Settings{Cert: []string{cert}, Key: []string{key}})
	address := listen(t, c.Config())
	for version, good := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := dial(t, address, &tls.Config{ServerName: "localhost", RootCAs: a.pool(), MinVersion: version, MaxVersion: version, NextProtos: []string{"h2", "http/1.1"}})
		if (err == nil) != good {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil && conn.ConnectionState().NegotiatedProtocol != "http/1.1" {
			t.Errorf("%s: %+v", tls.VersionName(version), conn.ConnectionState())
		}
	}
}

// New files come into force at the next handshake, and who is connected stays so. What is bad, or half written, changes nothing.
func TestReload(t *testing.T) {
	a := newAuthority(t)
	oneCert, oneKey := a.sign("one", wish{names: []string{"one.example.com"}})
	twoCert, twoKey := a.sign("two", wish{names: []string{"two.example.com"}})
	c, _ := opened(t, Settings{Cert: []string{oneCert, twoCert}, Key: []string{oneKey, twoKey}})
	if files := c.Files(); !slices.Equal(files, []string{oneCert, twoCert, oneKey, twoKey}) {
		t.Errorf("files %q", files)
	}
	address := listen(t, c.Config())
	early, err := dial(t, address, &tls.Config{ServerName: "one.example.com", RootCAs: a.pool()})
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := c.Reload(); len(changed) != 0 || err != nil {
		t.Errorf("the same: %q, %v", changed, err)
	}

	other, otherKey := a.sign("other", wish{names: []string{"one.example.com"}})
	good := readText(t, oneCert)
	if err := os.Rename(other, oneCert); err != nil { // and not yet the key
		t.Fatal(err)
	}
	a.sign("two", wish{names: []string{"two.example.com", "three.example.com"}})
	changed, err := c.Reload()
	wantError(t, err, "--tls-key", oneKey, oneCert)
	if len(changed) != 1 || !strings.Contains(changed[0], "two.example.com, three.example.com until ") {
		t.Errorf("changed %q", changed)
	}
	if got := served(t, address, &tls.Config{ServerName: "one.example.com"}); got != "one" {
		t.Errorf("with half of it written: %s", got)
	}
	if got := served(t, address, &tls.Config{ServerName: "three.example.com"}); got != "two" {
		t.Errorf("beside it: %s", got)
	}
	if err := os.Rename(otherKey, oneKey); err != nil {
		t.Fatal(err)
	}
	if changed, err = c.Reload(); len(changed) != 1 || err != nil {
		t.Errorf("whole: %q, %v", changed, err)
	}
	if got := served(t, address, &tls.Config{ServerName: "one.example.com"}); got != "other" {
		t.Errorf("whole: %s", got)
	}
	for name, text := range map[string][]byte{"garbage": []byte("garbage"), "empty": nil, "the old one": good} {
		a.file("one.crt", text)
		if changed, err = c.Reload(); len(changed) != 0 || err == nil {
			t.Errorf("%s: %q, %v", name, changed, err)
		}
	}
	os.Remove(oneCert)
	_, err = c.Reload()
	wantError(t, err, "--tls-cert", oneCert)
	if got := served(t, address, &tls.Config{ServerName: "one.example.com"}); got != "other" {
		t.Errorf("bad: %s", got)
	}
	if err := echo(early); err != nil {
		t.Errorf("who was connected: %v", err)
	}
	if f := c.Figures(); f.Reloads != 2 || f.ReloadFailures != 5 || len(f.Certificates) != 2 || f.Certificates[0].Certificate != oneCert {
		t.Errorf("figures %+v", f)
	}
}

func readText(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What is wrong at the start names its flag, for the server and for --check-config alike, and the latter changes nothing.
func TestBadFilesNameTheirFlag(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.sign("one", wish{names: []string{"localhost"}})
	_, strange := a.sign("strange", wish{})
	second, _ := a.sign("second", wish{})
	garbage, dir := a.file("garbage", []byte("garbage")), a.dir
	large := a.file("large", make([]byte, maxFile+1))
	none := filepath.Join(dir, "none")
	broken := a.file("broken", pemOf("CERTIFICATE", []byte("no certificate")))
	both := func(s Settings) Settings {
		s.Cert, s.Key = []string{cert}, []string{key}
		return s
	}
	order := func(s ACME) Settings { return Settings{ACME: s} }
	le := "https://example.com/directory"
	for name, tt := range map[string]struct {
		s    Settings
		want []string
	}{
		"no key":            {Settings{Cert: []string{cert}}, []string{"--tls-cert " + cert + " has no --tls-key"}},
		"no certificate":    {Settings{Key: []string{key}}, []string{"--tls-key " + key + " has no --tls-cert"}},
		"absent":            {Settings{Cert: []string{none}, Key: []string{key}}, []string{"--tls-cert: ", none}},
		"folder":            {Settings{Cert: []string{dir}, Key: []string{key}}, []string{"--tls-cert: ", dir}},
		"garbage":           {Settings{Cert: []string{garbage}, Key: []string{key}}, []string{"--tls-cert: ", garbage, "no certificate in PEM"}},
		"broken":            {Settings{Cert: []string{broken}, Key: []string{key}}, []string{"--tls-cert: ", broken}},
		"large":             {Settings{Cert: []string{large}, Key: []string{key}}, []string{"--tls-cert: ", "larger than"}},
		"absent key":        {Settings{Cert: []string{cert}, Key: []string{none}}, []string{"--tls-key: ", none}},
		"garbage key":       {Settings{Cert: []string{cert}, Key: []string{garbage}}, []string{"--tls-key: ", garbage}},
		"mismatched":        {Settings{Cert: []string{cert}, Key: []string{strange}}, []string{"--tls-key: ", strange, cert, "does not match"}},
		"second":            {Settings{Cert: []string{cert, second}, Key: []string{key, strange}}, []string{"--tls-key: ", strange}},
		"twice":             {Settings{Cert: []string{cert, cert}, Key: []string{key, key}}, []string{"--tls-cert " + cert + " is given twice"}},
		"client CA":         {both(Settings{ClientCA: garbage}), []string{"--tls-client-ca: ", garbage}},
		"absent client CA":  {both(Settings{ClientCA: none}), []string{"--tls-client-ca: ", none}},
		"client CA alone":   {Settings{ClientCA: cert}, []string{"--tls-client-ca: needs --tls-cert"}},
		"required of none":  {both(Settings{ClientAuth: "required"}), []string{"--tls-client-auth", "--tls-client-ca"}},
		"tickets":           {both(Settings{TicketKeys: garbage}), []string{"--tls-ticket-keys: ", garbage, "line 1"}},
		"tickets a folder":  {both(Settings{TicketKeys: dir}), []string{"--tls-ticket-keys: ", dir}},
		"tickets nowhere":   {both(Settings{TicketKeys: none + "/keys"}), []string{"--tls-ticket-keys: ", none}},
		"tickets alone":     {Settings{TicketKeys: none}, []string{"--tls-ticket-keys: needs --tls-cert"}},
		"ACME cache":        {order(ACME{Hosts: []string{"a.example"}, Directory: le}), []string{"--tls-acme-cache: "}},
		"ACME cache a file": {order(ACME{Hosts: []string{"a.example"}, Directory: le, Cache: cert}), []string{"--tls-acme-cache: ", cert}},
		"ACME cache deep":   {order(ACME{Hosts: []string{"a.example"}, Directory: le, Cache: none + "/a/b"}), []string{"--tls-acme-cache: ", none}},
		"ACME directory":    {order(ACME{Hosts: []string{"a.example"}, Directory: "http://a", Cache: dir}), []string{"--tls-acme-directory: "}},
		"ACME email":        {order(ACME{Hosts: []string{"a.example"}, Directory: le, Cache: dir, Email: "me"}), []string{"--tls-acme-email "}},
		"ACME localhost":    {order(ACME{Hosts: []string{"localhost"}, Directory: le, Cache: dir}), []string{`--tls-acme "localhost": `}},
		"ACME address":      {order(ACME{Hosts: []string{"127.0.0.1"}, Directory: le, Cache: dir}), []string{`--tls-acme "127.0.0.1": `}},
		"ACME wildcard":     {order(ACME{Hosts: []string{"*.example.com"}, Directory: le, Cache: dir}), []string{`--tls-acme "*.example.com": `}},
		"ACME URL":          {order(ACME{Hosts: []string{"https://a.example"}, Directory: le, Cache: dir}), []string{"--tls-acme "}},
		"ACME twice":        {order(ACME{Hosts: []string{"a.example", "A.example"}, Directory: le, Cache: dir}), []string{"--tls-acme ", "twice"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Check(tt.s)
			wantError(t, err, tt.want...)
			_, err = Open(tt.s, new(page).logger())
			wantError(t, err, tt.want...)
		})
	}
	keys, cache := filepath.Join(dir, "new.keys"), filepath.Join(dir, "new.cache")
	good := both(Settings{TicketKeys: keys, ClientCA: cert, ACME: ACME{Hosts: []string{"a.example"}, Directory: le, Cache: cache, Email: "me@a.example"}})
	if _, err := Check(good); err != nil {
		t.Error(err)
	}
	for _, path := range []string{keys, cache} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("Check has made %s (%v)", path, err)
		}
	}
	if _, err := Open(good, new(page).logger()); err != nil {
		t.Error(err)
	}
	for path, mode := range map[string]os.FileMode{keys: 0o600, cache: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
}

// A client certificate is checked where one is given, may be required, and its authorities may change: a session that an
// authority of before has let in is not resumed with one that it does not know.
func TestClientCertificates(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	cert, key := a.sign("server", wish{names: []string{"localhost"}})
	mine, err := tls.LoadX509KeyPair(a.sign("client", wish{}))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := tls.LoadX509KeyPair(stranger.sign("client", wish{}))
	if err != nil {
		t.Fatal(err)
	}
	authorities := a.own("authorities")
	for _, auth := range []string{"optional", "required"} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			a.own("authorities")
			c, _ := opened(t, Settings{Cert: []string{cert}, Key: []string{key}, ClientCA: authorities, ClientAuth: auth,
				TicketKeys: filepath.Join(t.TempDir(), "keys")})
			address := listen(t, c.Config())
			client := &tls.Config{ServerName: "localhost", RootCAs: a.pool(), MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
			reach := func(certificates ...tls.Certificate) (*tls.Conn, error) {
				config := client.Clone()
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					if len(certificates) > 0 {
						return &certificates[0], nil
					}
					return new(tls.Certificate), nil
				}
				return dial(t, address, config)
			}
			if _, err := reach(); (err == nil) != (auth == "optional") {
				t.Errorf("%s %x, without one: %v", auth, version, err)
			}
			client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			if _, err := reach(theirs); err == nil {
				t.Errorf("%s %x: a stranger's is taken", auth, version)
			}
			for _, resumed := range []bool{false, true} {
				if conn, err := reach(mine); err != nil || conn.ConnectionState().DidResume != resumed {
					t.Errorf("%s %x, with one: %v, want resumed %v", auth, version, err, resumed)
				}
			}
			stranger.dir = a.dir
			stranger.own("authorities")
			if changed, err := c.Reload(); len(changed) != 1 || err != nil {
				t.Errorf("%q, %v", changed, err)
			}
			if conn, err := reach(mine); err == nil {
				t.Errorf("%s %x: another authority's is taken, resumed %v", auth, version, conn.ConnectionState().DidResume)
			}
			if _, err := reach(theirs); err != nil {
				t.Errorf("%s %x: %v", auth, version, err)
			}
			a.file("authorities", []byte("garbage"))
			_, err := c.Reload()
			wantError(t, err, "--tls-client-ca")
			if _, err := reach(theirs); err != nil {
				t.Errorf("%s %x, after a bad file: %v", auth, version, err)
			}
		}
	}
}

func TestWarnings(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	day := 24 * time.Hour
	for name, tt := range map[string]struct {
		from, to time.Duration
		want     string
	}{
		"fresh":         {-day, 89 * day, ""},
		"near its end":  {-77 * day, 13 * day, "level=WARN msg=\"a certificate ends soon\""},
		"ended":         {-90 * day, -time.Second, "level=ERROR msg=\"a certificate has ended"},
		"not begun":     {time.Hour, 90 * day, "not good yet"},
		"short":         {-2 * day, 4 * day, ""},
		"short, at end": {-5 * day, day, "ends soon"},
	} {
		log := new(page)
		var w warnings
		list := []Expiry{{Certificate: "file", NotAfter: now.Add(tt.to).Unix(), notBefore: now.Add(tt.from)}}
		w.tell(log.logger(), list, now)
		w.tell(log.logger(), list, now.Add(time.Minute))
		lines := strings.Count(log.String(), "\n")
		if !strings.Contains(log.String(), tt.want) || (lines == 1) != (tt.want != "") {
			t.Errorf("%s: %s", name, log)
		}
		w.tell(log.logger(), list, now.Add(day))
		if now := strings.Count(log.String(), "\n"); name == "ended" && now != 2 {
			t.Errorf("a day later: %s", log)
		}
	}
	a := newAuthority(t)
	cert, key := a.sign("old", wish{from: -2 * time.Hour, to: -time.Hour})
	if _, log := opened(t, Settings{Cert: []string{cert}, Key: []string{key}}); !strings.Contains(log.String(), "has ended") {
		t.Errorf("at the start: %s", log)
	}
}
