import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import Gallery from './Gallery.vue';
import './style.css';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('Gallery', Gallery);
  },
} satisfies Theme;
