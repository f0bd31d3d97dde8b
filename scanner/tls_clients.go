package scanner

import "slices"

// client is what a program offers by default.
type client struct {
	name     string
	versions []string
	suites   []string
	groups   []string
}

// clients are fifteen programs that connect to small firms' servers, from the
// hellos that they send.
func clients() []client {
	to12 := []string{"TLSv1.0", "TLSv1.1", "TLSv1.2"}
	to13 := append(slices.Clone(to12), "TLSv1.3")
	new13 := []string{"TLSv1.2", "TLSv1.3"}
	nist := []string{"secp256r1", "secp384r1", "secp521r1"}
	phone := []string{"x25519", "secp256r1", "secp384r1"}
	apple := append([]string{"x25519"}, nist...)
	hybrid := append([]string{"X25519MLKEM768"}, apple...)

	suites13 := []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
	aes13 := suites13[:2]
	gcm := named([]string{"ECDHE_ECDSA", "ECDHE_RSA"}, "AES_128_GCM_SHA256", "AES_256_GCM_SHA384")
	chacha := named([]string{"ECDHE_ECDSA", "ECDHE_RSA"}, "CHACHA20_POLY1305_SHA256")
	cbc := named([]string{"ECDHE_ECDSA", "ECDHE_RSA"}, "AES_128_CBC_SHA", "AES_256_CBC_SHA")
	cbcSHA2 := named([]string{"ECDHE_ECDSA", "ECDHE_RSA"}, "AES_128_CBC_SHA256", "AES_256_CBC_SHA384")
	rsaGCM := named([]string{"RSA"}, "AES_128_GCM_SHA256", "AES_256_GCM_SHA384")
	rsaCBC := named([]string{"RSA"}, "AES_128_CBC_SHA", "AES_256_CBC_SHA")
	rsaSHA2 := named([]string{"RSA"}, "AES_128_CBC_SHA256", "AES_256_CBC_SHA256")
	dheGCM := named([]string{"DHE_RSA"}, "AES_128_GCM_SHA256", "AES_256_GCM_SHA384")
	dheCBC := named([]string{"DHE_RSA"}, "AES_128_CBC_SHA", "AES_256_CBC_SHA", "AES_128_CBC_SHA256", "AES_256_CBC_SHA256")
	triple := named([]string{"ECDHE_ECDSA", "ECDHE_RSA", "RSA"}, "3DES_EDE_CBC_SHA")
	rsa3DES := named([]string{"RSA"}, "3DES_EDE_CBC_SHA")
	// Internet Explorer on Windows 7 has no GCM for RSA certificates but this.
	win7 := slices.Concat(named([]string{"ECDHE_ECDSA"}, "AES_128_GCM_SHA256", "AES_256_GCM_SHA384"), dheGCM)

	android := slices.Concat(gcm, chacha, cbc, rsaGCM, rsaCBC)
	java := slices.Concat(gcm, cbc, cbcSHA2, rsaGCM, rsaCBC, rsaSHA2, dheGCM, dheCBC)
	openssl := slices.Concat(java, chacha, named([]string{"DHE_RSA"}, "CHACHA20_POLY1305_SHA256"))
	return []client{
		{"Android 7", to12, android, phone},
		{"Android 10", to13, slices.Concat(suites13, android), phone},
		{"Android 14", to13, slices.Concat(suites13, android), phone},
		{"Chrome", new13, slices.Concat(suites13, android), append([]string{"X25519MLKEM768"}, phone...)},
		{"Firefox", new13, slices.Concat(suites13, android), append(slices.Clone(hybrid), "ffdhe2048", "ffdhe3072")},
		{"Safari 12", to13, slices.Concat(suites13, android, cbcSHA2, rsaSHA2, triple), apple},
		{"Safari 17", to13, slices.Concat(suites13, android, triple), apple},
		{"Internet Explorer 11 on Windows 7", to12, slices.Concat(win7, cbc, cbcSHA2, rsaGCM, rsaCBC, rsaSHA2, rsa3DES), []string{"secp256r1", "secp384r1"}},
		{"Internet Explorer 11 on Windows 10", to12, slices.Concat(gcm, cbc, cbcSHA2, dheGCM, rsaGCM, rsaCBC, rsaSHA2, rsa3DES), phone},
		{"Java 8", to12, java, nist},
		{"Java 11", to13, slices.Concat(aes13, java), append(slices.Clone(nist), "ffdhe2048", "ffdhe3072", "ffdhe4096")},
		{"Java 17", to13, slices.Concat(suites13, java, chacha), append(slices.Clone(apple), "x448", "ffdhe2048", "ffdhe3072", "ffdhe4096")},
		{"OpenSSL 1.0.2", to12, java, append(slices.Clone(nist), "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "secp256k1", "sect283r1", "sect409r1", "sect571r1")},
		{"OpenSSL 1.1.1", to13, slices.Concat(suites13, openssl), append(slices.Clone(apple), "x448")},
		{"OpenSSL 3", new13, slices.Concat(suites13, openssl), append(slices.Clone(apple), "x448", "ffdhe2048", "ffdhe3072", "ffdhe4096")},
	}
}

// named puts suites' names together.
func named(exchanges []string, ciphers ...string) []string {
	var out []string
	for _, kx := range exchanges {
		for _, c := range ciphers {
			out = append(out, "TLS_"+kx+"_WITH_"+c)
		}
	}
	return out
}
