// Whether words speak of an emergency: ibolit/urgent_words/matching.py step by step, over the same list, which is packed
// into this script (assets.py). What a clinic adds comes with the page. Loaded after the chat, and kept with its copy.
ibolit.urgentWords = (function (list) {
  'use strict';
  var TOKEN = /\d+(?:[.,]\d+)?|[a-zа-я]+|[.!?;…\n]+|[,:()—–]/g, INVISIBLE = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;
  var SENTENCE = '.!?;…\n', CLAUSE = SENTENCE + ',:()—–', GAP = 2, NEAR = 14;
  var patternsFrom = null, phrasesFrom = null; // by a word's first sign, by a phrase's first class; made at the first question

  function plain(text) {
    text = text.toLowerCase().replace(/ё/g, 'е').replace(/е\u0308/g, 'е').replace(/и\u0306/g, 'й');
    return text.replace(INVISIBLE, '');
  }

  function startsWith(text, words, from) { return text.substr(from || 0, words.length) === words; }

  function isNearly(token, word) {
    var at = 0, rest;
    while (at < word.length && at < token.length && token.charAt(at) === word.charAt(at)) at += 1;
    if (!(at > 0 && at < word.length - 1)) return false;
    rest = token.slice(at);
    return startsWith(rest, word.slice(at + 1), 1) || startsWith(rest, word.slice(at + 1)) || startsWith(rest, word.slice(at), 1) ||
      (rest.charAt(1) === word.charAt(at) && rest.charAt(0) === word.charAt(at + 1) && startsWith(rest, word.slice(at + 2), 2));
  }

  function firstSign(word) { return /^\d/.test(word) ? '0' : word.charAt(0); }

  function fits(token, pattern) {
    if (/^\d/.test(token)) { // and so does the pattern: they have the same first sign
      var ends = pattern.split('-'), number = parseInt(token, 10);
      return number >= Number(ends[0]) && number <= Number(ends[1] || ends[0]);
    }
    var word = pattern.replace(/[*~]$/, '');
    if (startsWith(token, word)) return word !== pattern || token === word;
    return /~$/.test(pattern) && isNearly(token, word);
  }

  function prepare() {
    function put(known, key, value) { (known[key] = known[key] || []).push(value); }
    patternsFrom = {};
    phrasesFrom = {};
    list.c.forEach(function (patterns, number) {
      patterns.split(' ').forEach(function (pattern) { put(patternsFrom, firstSign(pattern), { number: number, pattern: pattern }); });
    });
    list.p.forEach(function (phrase, number) { put(phrasesFrom, phrase[0], number); });
  }

  function classesOf(token) {
    var found = [];
    (patternsFrom[firstSign(token)] || []).forEach(function (one) {
      if (found[found.length - 1] !== one.number && fits(token, one.pattern)) found.push(one.number);
    });
    return found;
  }

  function namesDiagnosis(phrase) { return phrase[phrase.length - 1] === -1; }
  function wordsOf(phrase) { return namesDiagnosis(phrase) ? phrase.slice(0, -1) : phrase; }

  function endOf(phrase, start, classes, tokens) {
    var wanted = wordsOf(phrase), at = start, i, place, step;
    for (i = 1; i < wanted.length; i += 1) {
      for (step = 1; step <= GAP + 1; step += 1) {
        place = at + step;
        if (place >= tokens.length || CLAUSE.indexOf(tokens[place].charAt(0)) >= 0) return -1;
        if (classes[place].indexOf(wanted[i]) >= 0) break;
      }
      if (step > GAP + 1) return -1;
      at = place;
    }
    return at;
  }

  function phrasesIn(classes, tokens) {
    var found = [];
    classes.forEach(function (known, start) {
      known.forEach(function (first) {
        (phrasesFrom[first] || []).forEach(function (number) {
          var end = endOf(list.p[number], start, classes, tokens);
          if (end >= 0) found.push({ start: start, end: end, number: number });
        });
      });
    });
    return found;
  }

  function reaches(where, away, said, one, tokens) {
    var phrase = list.p[one.number], ends = where === 'sentence' ? SENTENCE : CLAUSE, between, distance, isBefore;
    if (where === 'inside') return one.start < said.start && said.end < one.end && wordsOf(phrase).indexOf(list.p[said.number][0]) < 0;
    between = tokens.slice(Math.min(said.end, one.end), Math.max(said.start, one.start));
    if (between.some(function (token) { return ends.indexOf(token.charAt(0)) >= 0; })) return false;
    if (where === 'clause' || where === 'sentence') return true;
    isBefore = said.end < one.start;
    distance = isBefore ? one.start - said.end : said.start - one.end;
    if (distance <= 0 || distance > away) return false;
    return where === 'diagnosis' ? namesDiagnosis(phrase) : isBefore === (where === 'before');
  }

  function groupsMet(found) {
    var last = {}, met = [];
    found.forEach(function (one) {
      last[one.number] = one.start;
      list.r.forEach(function (rule) {
        if (met.indexOf(rule[0]) >= 0) return;
        var isMet = rule[1].every(function (item) {
          return item.some(function (phrase) { return last[phrase] !== undefined && one.start - last[phrase] <= NEAR; });
        });
        if (isMet) met.push(rule[0]);
      });
    });
    return met.sort(function (one, other) { return one - other; });
  }

  // What stands around a phrase, and may take its meaning away.
  function isTakenAway(one, said, tokens) {
    return list.s.some(function (scope) {
      return said.some(function (other) {
        return scope[2].indexOf(other.number) >= 0 && reaches(scope[0], scope[1], other, one, tokens);
      });
    });
  }

  return {
    // What a clinic adds: classes, phrases and rules behind those of the program.
    add: function (more) {
      ['c', 'p', 'r'].forEach(function (part) { list[part] = list[part].concat(more[part]); });
      patternsFrom = null;
    },
    groupsIn: function (text) {
      if (!patternsFrom) prepare();
      var tokens = plain(text).match(TOKEN) || [], classes = tokens.map(classesOf), said = phrasesIn(classes, tokens);
      return groupsMet(said.filter(function (one) { return !isTakenAway(one, said, tokens); })).map(function (group) { return list.g[group]; });
    }
  };
})(URGENT_WORDS);
