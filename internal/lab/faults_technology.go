//go:build unix

package lab

// technologyFaults are sites made with software that is out of support or has
// holes that are exploited, as its pages show.
func technologyFaults() []Site {
	return []Site{
		{Domain: "old-jquery.test", Fails: []string{"web.technology.end-of-life"}, Files: page(`<script src="/js/jquery-1.12.4.min.js"></script>`)},
		{Domain: "apache-old-cms.test", Apache: true, Fails: []string{"web.server.version-disclosed", "web.technology.end-of-life"}, Files: page(`<meta name="generator" content="Drupal 7 (https://www.drupal.org)">`)},
		{Domain: "exploited-plugin.test", Fails: []string{"web.technology.exploited"}, Files: page(`<script src="/wp-content/plugins/duplicator/assets/js/a.js?ver=1.3.20"></script>`)},
	}
}
